"""A twin of a Matrix homeserver, as Synapse 1.163 behaves: a user, a room per account, events and their relations."""
