"""Shells of the tool backplane: the loop and threads that run tools, and the file that remembers them."""
