"""C17: a service whose lists have no end, and parts that are not told from their mark."""

from __future__ import annotations

from collections import deque
from contextlib import closing
from pathlib import Path

import pytest

from providers.errors import AlreadyExists, ConnectionLost, Unsupported
from providers.s3 import lists, pending
from providers.s3.provider import open_endpoint
from tests.faults.test_C12_C14_s3_lies import completing, service
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer


@pytest.mark.parametrize("found", ["", "<Contents><Key>d/x</Key></Contents>"])
@pytest.mark.parametrize("removing", [False, True])
def test_C17_a_list_that_always_knows_of_more_has_an_end(
    removing: bool, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "_MOST_PAGES", 5)
    pages = 0

    def script(ask: Ask, wire: Wire) -> None:
        nonlocal pages
        if ask.method == "DELETE":
            wire.say(answer(204))
            return
        pages += 1
        assert pages <= 5, "it is asked for again and again"
        more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{pages}"
        body = f"<ListBucketResult>{found}{more}</NextContinuationToken></ListBucketResult>"
        wire.say(answer(200, body.encode()))

    with (
        ScriptedHttp(script) as server,
        closing(open_endpoint(*access_to(server, tmp_path))) as place,
        pytest.raises(Unsupported, match="more than 5 pages"),
    ):
        deque(place.remove_tree("/b/d") if removing else place.list_dir("/b/d"), 0)


def _listing(*parts: tuple[int, int]) -> bytes:
    """What a service that encrypts with keys of its own (SSE-KMS) tells of parts: number, size."""
    told = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>random{number}</ETag><Size>{size}</Size></Part>"
        for number, size in parts
    )
    return answer(200, f"<ListPartsResult>{told}</ListPartsResult>".encode())


def test_C17_a_list_of_unfinished_uploads_without_end_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "_MOST_PAGES", 5)
    pages = 0

    def says(ask: Ask) -> bytes:
        nonlocal pages
        pages += 1
        assert pages <= 5, "it is asked for again and again"
        told = "<Upload><Key>k</Key></Upload><NextKeyMarker>k</NextKeyMarker>"
        told += f"<NextUploadIdMarker>{pages}</NextUploadIdMarker><IsTruncated>true</IsTruncated>"
        root = "ListMultipartUploadsResult"
        return answer(200, f"<{root}>{told}</{root}>".encode())

    with service(says, tmp_path) as (place, _), pytest.raises(Unsupported, match="no end"):
        deque(pending._pending(place._session, "/b/k"), 0)


def test_C17_a_mark_whose_etag_is_no_md5_is_no_part_and_nothing_is_removed_for_it(
    tmp_path: Path,
) -> None:
    listing = _listing((1, len("wharfie 0badcafe\n")), (2, 17))
    unfinished = b"<Upload><Key>k</Key><UploadId>other</UploadId></Upload>"

    def says(ask: Ask) -> bytes:
        if ask.method == "GET" and "uploads=" in ask.target:
            told = b"<ListMultipartUploadsResult>%s</ListMultipartUploadsResult>" % unfinished
            return answer(200, told)
        return listing if ask.method == "GET" else completing(answer(404))(ask)

    with service(says, tmp_path) as (place, server):
        upload = place.begin("/b/k", None, key="0badcafe", part_size=1 << 24)
        assert place.parts(upload) == {1: '"random2"'}
        place.abandon("/b/k", key="0badcafe")
        assert server.asked("DELETE") == []


def test_C17_a_part_with_a_number_that_none_can_have_is_refused(tmp_path: Path) -> None:
    def says(ask: Ask) -> bytes:
        if "uploadId=" in ask.target and ask.method == "GET":
            return _listing((10**4000, 1))
        return completing(answer(404))(ask)

    with service(says, tmp_path) as (place, _):
        upload = place.begin("/b/k", None, key="0badcafe", part_size=1 << 24)
        with pytest.raises(ConnectionLost, match="no number that a part can have"):
            place.parts(upload)


def test_C14_a_folder_that_appears_meanwhile_is_not_marked_again(tmp_path: Path) -> None:
    def says(ask: Ask) -> bytes:
        if ask.method == "PUT":
            return answer(412 if ask.headers.get("if-none-match") == "*" else 200)
        return answer(404) if ask.method == "HEAD" else answer(200, b"<ListBucketResult/>")

    with service(says, tmp_path) as (place, _), pytest.raises(AlreadyExists):
        place.make_dir("/b/d")


def test_C14_a_folder_is_marked_where_conditions_are_not_known(tmp_path: Path) -> None:
    def says(ask: Ask) -> bytes:
        if ask.method == "PUT":
            return answer(501 if "if-none-match" in ask.headers else 200)
        return answer(404) if ask.method == "HEAD" else answer(200, b"<ListBucketResult/>")

    with service(says, tmp_path) as (place, server):
        for _ in range(2):
            place.make_dir("/b/d")
        sent = ["if-none-match" in ask.headers for ask in server.asked("PUT")]
    assert sent == [True, False, False]
