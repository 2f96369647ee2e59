"""FastRTC, mounted for telephones: says again what it hears, and talks on its data channel meanwhile."""

import queue
import socket
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastrtc import Stream, StreamHandler


class Echo(StreamHandler):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(input_sample_rate=8_000, output_sample_rate=8_000)
        self.waiting: queue.Queue[Any] = queue.Queue()

    def receive(self, frame: Any) -> None:
        self.waiting.put(frame)
        self.send_message_sync("heard something")

    def emit(self) -> Any:
        return self.waiting.get()

    def copy(self) -> "Echo":
        return Echo()


app = FastAPI()
Stream(Echo(), modality="audio", mode="send-receive").mount(app)
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
print(f"ready ws://127.0.0.1:{listener.getsockname()[1]}/telephone/handler", flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
