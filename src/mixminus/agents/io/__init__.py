"""Shells of the agent runtime: the WebSocket, the speech pipeline, and the services it uses. Needs `mixminus[ai]`."""
