"""Certificates from the network."""
