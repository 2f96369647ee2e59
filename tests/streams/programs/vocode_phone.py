"""vocode's output device for Twilio: a chunk and a mark at a time, and clear when it is interrupted."""

import asyncio
import base64
import json
import math
import socket
from array import array

import uvicorn
from fastapi import FastAPI, WebSocket
from vocode.streaming.output_device.twilio_output_device import TwilioOutputDevice

CHUNK_S, CHUNKS = 0.4, 25
app = FastAPI()


def ulaw(sample: int) -> int:
    sign, magnitude = (0x80 if sample < 0 else 0), min(abs(sample), 32_635) + 132
    exponent = max(0, magnitude.bit_length() - 8)
    return ~(sign | exponent << 4 | (magnitude >> (exponent + 3)) & 0x0F) & 0xFF


def note(number: int) -> bytes:
    samples = round(CHUNK_S * 8_000)
    at = range(number * samples, (number + 1) * samples)
    return bytes(array("B", (ulaw(round(3_000 * math.sin(2 * math.pi * 971 * n / 8_000))) for n in at)))


@app.websocket("/")
async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    device, was_loud, utterance = TwilioOutputDevice(), False, 0
    marks: list[str] = []
    async for text in websocket.iter_text():
        message = json.loads(text)
        if message["event"] == "start":
            device.ws, device.stream_sid = websocket, message["start"]["streamSid"]
        elif message["event"] == "mark":
            assert message["mark"]["name"] == marks.pop(0), "in order, by the same names"
        elif message["event"] == "media":
            octets = base64.b64decode(message["media"]["payload"])
            is_loud = min(octet & 0x7F for octet in octets) < 0x40
            if is_loud and not was_loud:
                device.send_clear_message()
            elif was_loud and not is_loud:
                utterance += 1
                for number in range(CHUNKS):
                    device.consume_nonblocking(note(number))
                    device.send_chunk_finished_mark(utterance, number)
                    marks.append(f"chunk-{utterance}-{number}")
            was_loud = is_loud


async def main() -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    print(f"ready ws://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
    await uvicorn.Server(uvicorn.Config(app, log_level="error")).serve(sockets=[listener])


asyncio.run(main())
