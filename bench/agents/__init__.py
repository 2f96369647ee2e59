"""Agents that echo, by the hundred: the far ends of Media Streams, in a process and on a core of their own."""
