"""A twin of VK: its API of one method a request, its upload servers, and the walls of communities."""
