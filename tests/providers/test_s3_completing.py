"""Putting parts together takes a service its time: white space, then the answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from providers.errors import ConnectionLost
from providers.s3.provider import open_endpoint
from providers.s3.uploads import from_token
from providers.web.patience import USUAL, Patience
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer, chunked

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
DONE = b"<CompleteMultipartUploadResult/>"
HASTE = replace(USUAL, slow=0.0, rate=1e12)
"""Nothing that is no file ever comes fast enough."""


def _finished(complete: Callable[[Wire], None], patience: Patience, tmp_path: Path) -> int | None:
    """The size of what was put together by a service that answers that with `complete`."""
    created = (
        b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
    )
    marks: list[str] = []

    def script(ask: Ask, wire: Wire) -> None:
        if ask.method == "POST" and "uploadId=" in ask.target:
            complete(wire)
            marks.append(from_token(upload).mark)
        elif ask.method == "POST":
            wire.say(answer(200, created))
        elif ask.method == "PUT":
            wire.say(answer(200, b"", {"ETag": '"one"'}))
        elif ask.method == "HEAD" and marks:
            wire.say(answer(200, b"", {"Content-Length": "3", "x-amz-meta-wharfie": marks[0]}))
        else:
            wire.say(answer(404))

    with ScriptedHttp(script) as server:
        endpoint, access = access_to(server, tmp_path)
        with closing(open_endpoint(endpoint, access)) as place:
            upload = place.begin("/b/k", None, key="0badcafe", part_size=1 << 24)
            receipt = place.put_part(upload, 0, 0, [b"abc"])
        with closing(open_endpoint(endpoint, access, patience)) as place:
            return place.finish(upload, [receipt], replacing=None).size


def test_white_space_is_waited_for_however_slowly_it_comes(tmp_path: Path) -> None:
    def slowly(wire: Wire) -> None:
        wire.say(HEAD + chunked(b'<?xml version="1.0"?>', b" " * (1 << 20), DONE))

    assert _finished(slowly, HASTE, tmp_path) == 3


def test_white_space_without_end_is_not(tmp_path: Path) -> None:
    def forever(wire: Wire) -> None:
        wire.say(HEAD + chunked(b'<?xml version="1.0"?>', end=b""))
        while True:
            wire.say(chunked(b" ", end=b""))

    with pytest.raises(ConnectionLost):
        _finished(forever, replace(USUAL, storing=0.2), tmp_path)
