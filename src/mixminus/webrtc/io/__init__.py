"""Shells of `webrtc`: what is drawn at random."""
