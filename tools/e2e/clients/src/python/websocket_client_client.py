"""Lets a test drive Python's `websocket-client`, line by line: events go to standard output, commands come on standard
input, both as in websockets_client.py.

    python3 websocket_client_client.py URL CA_FILE [PROTOCOL ...]
"""

import base64
import json
import sys
import threading

import websocket


def tell(event):
    print(json.dumps(event), flush=True)


def obey(app):
    """Carries out what the test says, until it says no more."""
    for line in sys.stdin:
        command = json.loads(line)
        if "text" in command:
            app.send(command["text"])
        elif "bytes" in command:
            app.send(base64.b64decode(command["bytes"]), websocket.ABNF.OPCODE_BINARY)
        else:
            code, reason = command["close"]
            app.sock.send_close(code, reason.encode())


def opened(app):
    tell({"open": {"protocol": app.sock.getsubprotocol() or "", "extensions": ""}})
    threading.Thread(target=obey, args=(app,), daemon=True).start()


def received(app, message):
    tell({"text": message} if isinstance(message, str) else {"bytes": base64.b64encode(message).decode()})


def failed(app, error):
    if isinstance(error, websocket.WebSocketBadStatusException):
        tell({"refused": error.status_code})
    else:
        print(repr(error), file=sys.stderr, flush=True)


def closed(app, code, reason):
    tell({"closed": {"code": code, "reason": reason}})


url, ca_file, *protocols = sys.argv[1:]
app = websocket.WebSocketApp(
    url, subprotocols=protocols or None, on_open=opened, on_message=received, on_error=failed, on_close=closed
)
app.run_forever(sslopt={"ca_certs": ca_file})
