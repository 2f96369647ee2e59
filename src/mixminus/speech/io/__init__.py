"""Recognisers and voices that wait: processes, HTTP, WebSockets."""
