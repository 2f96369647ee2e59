"""Media Streams: from `<Stream>` or REST to an agent's WebSocket, wherever it is moved."""
