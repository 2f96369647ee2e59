"""openai-agents, in the shape of its Twilio example: audio in pieces of 50 ms, a mark behind each. `… MODEL_URL`"""

import asyncio
import base64
import json
import sys
from typing import Any

import websockets
from agents.realtime import RealtimeAgent, RealtimePlaybackTracker, RealtimeRunner

PIECE_OCTETS = 400


async def talk(socket: Any) -> None:
    tracker, marks = RealtimePlaybackTracker(), {}
    stream_sid, numbers = "", iter(range(1, 1_000_000))
    runner = RealtimeRunner(RealtimeAgent(name="assistant", instructions="Hum."))
    session = await runner.run(
        model_config={
            "url": sys.argv[1],
            "api_key": "sk-test",
            "initial_model_settings": {
                "input_audio_format": "g711_ulaw",
                "output_audio_format": "g711_ulaw",
                "turn_detection": {"type": "semantic_vad", "interrupt_response": True, "create_response": True},
            },
            "playback_tracker": tracker,
        }
    )

    async def say() -> None:
        async for event in session:
            if event.type == "audio":
                media = {"payload": base64.b64encode(event.audio.data).decode()}
                await socket.send(json.dumps({"event": "media", "streamSid": stream_sid, "media": media}))
                name = str(next(numbers))
                marks[name] = (event.audio.item_id, event.audio.content_index, len(event.audio.data))
                await socket.send(json.dumps({"event": "mark", "streamSid": stream_sid, "mark": {"name": name}}))
            elif event.type == "audio_interrupted":
                await socket.send(json.dumps({"event": "clear", "streamSid": stream_sid}))
            elif event.type == "error":
                print(event, file=sys.stderr)

    async with session:
        saying, heard = asyncio.create_task(say()), bytearray()
        async for text in socket:
            message = json.loads(text)
            match message["event"]:
                case "start":
                    stream_sid = message["start"]["streamSid"]
                case "media":
                    heard += base64.b64decode(message["media"]["payload"])
                    if len(heard) >= PIECE_OCTETS:
                        await session.send_audio(bytes(heard))
                        heard.clear()
                case "mark" if (played := marks.pop(message["mark"]["name"], None)) is not None:
                    item_id, content_index, octets = played
                    tracker.on_play_bytes(item_id, content_index, b"\x00" * octets)
        saying.cancel()


async def main() -> None:
    async with websockets.serve(talk, "127.0.0.1", 0) as server:
        print(f"ready ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)
        await asyncio.Future()


asyncio.run(main())
