"""A bucket of a million keys that are nowhere: pages of 1,000 are made as they are asked for.

    with ManyKeys(directory, count) as server:
        …  # list /bucket at server.base

In a process of its own: its work is not that of the one who lists. It looks at no signature.
"""

from __future__ import annotations

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.servers.web_process import HOST, WebServer

BUCKET = "bucket"
_PAGE = 1000
_ROOT = Path(__file__).parents[2]
_SPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


class ManyKeys(WebServer):
    """`log` has a line for each page that was asked for."""

    def __init__(self, directory: Path, count: int) -> None:
        super().__init__(directory)
        self._count = count

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.servers.many_keys", str(self.port), str(self._count)]

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": os.pathsep.join((str(_ROOT), os.environ.get("PYTHONPATH", "")))}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    count = 0

    def log_message(self, format: str, *arguments: object) -> None:
        """Only pages are told."""

    def do_HEAD(self) -> None:
        self._say(404 if self.path.strip("/") != BUCKET else 200, b"")

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        first = int(query.get("continuation-token", ["0"])[0])
        most = int(query.get("max-keys", [str(_PAGE)])[0])
        sys.stdout.write(f"{first}\n")
        sys.stdout.flush()
        self._say(200, _page(first, min(first + most, self.count), self.count))

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _page(first: int, last: int, count: int) -> bytes:
    more = f"<NextContinuationToken>{last}</NextContinuationToken>" if last < count else ""
    listed = "".join(
        f"<Contents><Key>scan-2026-{n:07}.tiff</Key><LastModified>2026-01-02T03:04:05.000Z"
        f"</LastModified><ETag>&quot;{n:032x}&quot;</ETag><Size>{1_000_000 + n}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for n in range(first, last)
    )
    facts = f"<Name>{BUCKET}</Name><IsTruncated>{'true' if more else 'false'}</IsTruncated>{more}"
    return f"<ListBucketResult {_SPACE}>{facts}{listed}</ListBucketResult>".encode()


if __name__ == "__main__":
    _Handler.count = int(sys.argv[2])
    ThreadingHTTPServer((HOST, int(sys.argv[1])), _Handler).serve_forever()
