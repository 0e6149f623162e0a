"""The pure floor: no I/O, no clock, no random; imports nothing of ours but core."""
