"""An OpenAI-compatible chat service on loopback that answers from a script, as the public API streams its answers."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class FakeChat:
    """Each answer is a text, or a tool's name and arguments."""

    answers: list[str | tuple[str, dict[str, Any]]]
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    async def complete(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        assert request.headers["Authorization"] == "Bearer sk-test"
        answer = self.answers.pop(0) if self.answers else "Yes."
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for delta in self._deltas(answer):
            chunk = {
                "id": "c1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "m",
                "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
            }
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response

    def _deltas(self, answer: str | tuple[str, dict[str, Any]]) -> Sequence[dict[str, Any]]:
        if isinstance(answer, str):
            return [{"role": "assistant", "content": piece + " "} for piece in answer.split()]
        name, arguments = answer
        call = {"index": 0, "id": f"call_{len(self.asked)}", "type": "function"}
        return [
            {"role": "assistant", "tool_calls": [{**call, "function": {"name": name, "arguments": ""}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": json.dumps(arguments)}}]},
        ]


@asynccontextmanager
async def fake_chat(*answers: str | tuple[str, dict[str, Any]]) -> AsyncIterator[FakeChat]:
    chat = FakeChat(list(answers))
    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat.complete)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    [(_, port)] = [address[:2] for address in runner.addresses]
    chat.url = f"http://127.0.0.1:{port}/v1"
    yield chat
    await runner.cleanup()
