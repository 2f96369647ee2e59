"""Agents: programs that talk on a call. What they say and keep is here; how they hear and speak is in `io/`.

An agent is reached like a customer's own: by a WebSocket with Twilio's Media Streams. The node does not know it.
"""
