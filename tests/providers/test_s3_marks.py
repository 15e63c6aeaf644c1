"""A folder with nothing in it is an empty object, stored as files are."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from providers.s3.provider import open_endpoint
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer

SHA256 = "x-amz-checksum-sha256"


@pytest.mark.parametrize("locked", [True, False], ids=["wants a checksum", "refuses one"])
def test_a_mark_goes_with_a_checksum_where_the_service_takes_one(
    locked: bool, tmp_path: Path
) -> None:
    """A bucket with a default retention takes nothing without (PutObject, Content-MD5)."""
    refusal = answer(400, b"<Error><Code>InvalidRequest</Code></Error>")
    made: list[str] = []

    def script(ask: Ask, wire: Wire) -> None:
        if ask.method == "PUT":
            taken = (SHA256 in ask.headers) == locked
            made.extend([ask.target] if taken else [])
            wire.say(answer(200) if taken else refusal)
        elif ask.method == "GET":
            wire.say(answer(200, b"<ListBucketResult/>"))
        else:
            wire.say(answer(404))

    with (
        ScriptedHttp(script) as server,
        closing(open_endpoint(*access_to(server, tmp_path, checksums="always"))) as place,
    ):
        place.make_dir("/b/folder")
    assert made == ["/b/folder/"]
