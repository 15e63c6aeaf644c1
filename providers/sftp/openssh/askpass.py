"""The program that ssh starts to ask something: it takes the question to the Wharfie that waits.

Run by itself, with nothing but the standard library: `python -I -S askpass.py FOLDER KIND WORD…`.
FOLDER holds the socket and the token; an answer goes to standard output, none is a failure.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path

_CHUNK = 4096  # bytes


def main(folder: str, *words: str) -> int:
    hint = os.environ.get("SSH_ASKPASS_PROMPT")
    if hint == "none":  # nothing to answer: a key waits to be touched, and ssh ends this then
        signal.pause()
    if hint == "confirm":  # whether to keep a key in the agent, or to share the connection: no
        return 1
    token = Path(folder, "token").read_text(encoding="ascii")
    answer = b""
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(str(Path(folder, "socket")))
        asked.sendall(json.dumps([token, *words]).encode("ascii") + b"\n")
        while chunk := asked.recv(_CHUNK):
            answer += chunk
    sys.stdout.buffer.write(answer)
    return 0 if answer else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
