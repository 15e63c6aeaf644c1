"""The program that ssh starts to ask something: it takes the question to the Wharfie that waits.

Run by itself, with nothing but the standard library: `python -I -S askpass.py FOLDER KIND WORD…`.
FOLDER holds the socket and the token; an answer goes to standard output, none is a failure.
ssh starts it twice for each connection, so it imports what starts quickly and no more.
"""

from __future__ import annotations

import os
import socket
import sys
import time

_CHUNK = 4096  # bytes


def main(folder: str, *words: str) -> int:
    hint = os.environ.get("SSH_ASKPASS_PROMPT")
    while hint == "none":  # nothing to answer: a key waits to be touched, and ssh ends this then
        time.sleep(_CHUNK)
    if hint == "confirm":  # whether to keep a key in the agent, or to share the connection: no
        return 1
    with open(f"{folder}/token", "rb") as file:  # noqa: PTH123 - see above
        token = file.read()
    answer = b""
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(f"{folder}/socket")
        asked.sendall(b"\0".join([token, *map(os.fsencode, words)]))
        asked.shutdown(socket.SHUT_WR)
        while chunk := asked.recv(_CHUNK):
            answer += chunk
    sys.stdout.buffer.write(answer)
    return 0 if answer else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
