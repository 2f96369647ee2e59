"""Calls that wait in queues, and those who take them out."""
