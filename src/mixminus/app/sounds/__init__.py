"""What is played: prompts, music and announcements, from where they are to a leg or a room."""
