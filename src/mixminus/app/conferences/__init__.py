"""Conferences: live rooms, who sits in them, who speaks, and what they hear besides each other."""
