"""The twin of TikTok: the Content Posting API's Direct Post, and the Display API of one's own posts."""
