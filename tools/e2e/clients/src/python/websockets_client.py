"""Lets a test drive Python's `websockets`, line by line: events go to standard output, commands come on standard input.

    python3 websockets_client.py URL CA_FILE [--again] [PROTOCOL ...]

Events: {"open": {"protocol", "extensions"}}, {"text"}, {"bytes"} in base64, {"closed": {"code", "reason"}},
{"refused": status}. Commands: {"text"}, {"bytes"}, {"close": [code, reason]}. With --again it connects again whenever
it was closed, as the library's `async for` does; without, it ends.
"""

import asyncio
import base64
import json
import ssl
import sys

import websockets

# One line with 3 MB of base64 has to fit.
MAX_LINE_BYTES = 16 * 1024 * 1024


def tell(event):
    print(json.dumps(event), flush=True)


async def obey(commands, websocket):
    """Carries out what the test says, until it says no more."""
    async for line in commands:
        command = json.loads(line)
        if "text" in command:
            await websocket.send(command["text"])
        elif "bytes" in command:
            await websocket.send(base64.b64decode(command["bytes"]))
        else:
            await websocket.close(*command["close"])


async def converse(commands, websocket):
    """One connection, from its opening to its end."""
    extensions = "; ".join(extension.name for extension in websocket.extensions)
    tell({"open": {"protocol": websocket.subprotocol or "", "extensions": extensions}})
    orders = asyncio.create_task(obey(commands, websocket))
    try:
        while True:
            message = await websocket.recv()
            is_text = isinstance(message, str)
            tell({"text": message} if is_text else {"bytes": base64.b64encode(message).decode()})
    except websockets.ConnectionClosed:
        tell({"closed": {"code": websocket.close_code, "reason": websocket.close_reason}})
    orders.cancel()


async def main(url, ca_file, *rest):
    commands = asyncio.StreamReader(limit=MAX_LINE_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    connection = websockets.connect(
        url,
        ssl=ssl.create_default_context(cafile=ca_file) if url.startswith("wss:") else None,
        subprotocols=[name for name in rest if name != "--again"] or None,
        max_size=MAX_LINE_BYTES,
    )
    if "--again" in rest:
        # The first pause of a second attempt is random up to this many seconds.
        connection.BACKOFF_INITIAL = 0.2
        async for websocket in connection:
            await converse(commands, websocket)
    try:
        async with connection as websocket:
            await converse(commands, websocket)
    except websockets.InvalidStatusCode as refusal:
        tell({"refused": refusal.status_code})


asyncio.run(main(*sys.argv[1:]))
