"""Mixminus: a self-hosted conference server that speaks Twilio's public wire."""

__version__ = "0.1.0"
