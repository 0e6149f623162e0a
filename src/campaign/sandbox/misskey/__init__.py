"""A twin of Misskey: notes, drive and accounts, all by POST."""
