"""Recordings: from the first sample to the last callback."""
