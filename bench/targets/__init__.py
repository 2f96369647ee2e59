"""Servers that can be loaded: one module each, all of them a `Target`."""
