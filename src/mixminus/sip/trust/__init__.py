"""Who may ask what, how often, and who we are ourselves."""
