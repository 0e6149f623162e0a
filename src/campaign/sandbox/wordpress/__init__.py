"""A twin of a WordPress site, as 6.1 behaves: users with roles, drafts and posts, media, comments, over REST alone."""
