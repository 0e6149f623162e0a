"""What somebody else would have used: other engines, each with the same client and the same record."""
