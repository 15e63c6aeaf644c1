"""C12–C14: a service that ignores what was asked, refuses checksums, or calls an error success."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from providers.base import ANY_VERSION
from providers.errors import (
    AlreadyExists,
    AuthRequired,
    ConnectionLost,
    Denied,
    NoSpace,
    ProviderError,
    RangeIgnored,
    SourceChanged,
    TargetChanged,
    Throttled,
    Unsupported,
    UploadExpired,
)
from providers.s3.provider import S3Provider, open_endpoint
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer

DATA = bytes(range(256)) * 1000
TAG = {"ETag": '"one"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
Says = Callable[[Ask], bytes]


@contextmanager
def service(says: Says, tmp_path: Path, **site: str) -> Iterator[tuple[S3Provider, ScriptedHttp]]:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(says(ask))

    with ScriptedHttp(script) as server:
        endpoint, access = access_to(server, tmp_path, **site)
        provider = open_endpoint(endpoint, access)
        try:
            yield provider, server
        finally:
            provider.close()


def error(status: int, code: str, more: str = "", **headers: str) -> bytes:
    page = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message>{more}</Error>"
    return answer(status, page.encode(), headers)


def part(ask: Ask, tag: str = '"one"') -> bytes:
    first, last = ask.range or (0, None)
    end = len(DATA) if last is None else last + 1
    said = f"bytes {first}-{end - 1}/{len(DATA)}"
    return answer(206, DATA[first:end], {"ETag": tag, "Content-Range": said})


def get(place: S3Provider, **asked: object) -> bytes:
    with place.read("/b/k", **asked) as reader:  # type: ignore[arg-type]
        return b"".join(bytes(chunk) for chunk in reader.chunks())


# C12 -------------------------------------------------------------------------------------------


def test_C12_an_honest_part_is_read(tmp_path: Path) -> None:
    with service(part, tmp_path) as (place, server):
        assert get(place, offset=5, length=10, version='"one"') == DATA[5:15]
        assert server.asked()[0].headers["if-match"] == '"one"'


@pytest.mark.parametrize(
    ("lie", "expected"),
    [
        (lambda ask: answer(200, DATA, TAG), RangeIgnored),
        (lambda ask: answer(206, DATA[5:15], TAG), RangeIgnored),
        (lambda ask: answer(206, DATA, TAG | {"Content-Range": "bytes 0-9/256000"}), RangeIgnored),
        (
            lambda ask: answer(206, DATA[:10], TAG | {"Content-Range": "bytes 0-9/256000"}),
            RangeIgnored,
        ),
        (lambda ask: answer(206, DATA[:3], TAG | {"Content-Range": "bytes 5-7/8"}), SourceChanged),
        (lambda ask: part(ask, '"another"'), SourceChanged),
        (lambda ask: part(ask, ""), RangeIgnored),
        (lambda ask: error(412, "PreconditionFailed"), SourceChanged),
    ],
    ids=[
        "whole",
        "no range",
        "longer part",
        "another part",
        "shorter",
        "another version",
        "no version",
        "412",
    ],
)
def test_C12_a_part_that_is_not_the_one_asked_for_is_never_taken(
    lie: Says, expected: type[ProviderError], tmp_path: Path
) -> None:
    with service(lie, tmp_path) as (place, _), pytest.raises(expected):
        get(place, offset=5, length=10, version='"one"')


def test_C12_another_version_is_not_read_as_a_whole_either(tmp_path: Path) -> None:
    ignoring = answer(200, DATA, TAG)
    with service(lambda ask: ignoring, tmp_path) as (place, _), pytest.raises(SourceChanged):
        get(place, version='"two"')


def test_C12_a_body_that_ends_early_is_a_lost_connection(tmp_path: Path) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, DATA[:1000], TAG | {"Content-Length": str(len(DATA))}))
        wire.hang_up()

    with ScriptedHttp(script) as server:
        place = open_endpoint(*access_to(server, tmp_path))
        with pytest.raises(ConnectionLost):
            get(place)
        place.close()


# C13 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "code"), [(400, "InvalidArgument"), (501, "NotImplemented")])
def test_C13_a_service_that_refuses_checksums_gets_none_from_then_on(
    status: int, code: str, tmp_path: Path
) -> None:
    stored: dict[str, str] = {}

    def says(ask: Ask) -> bytes:
        if ask.method == "PUT" and "x-amz-checksum-sha256" in ask.headers:
            return error(status, code)
        if ask.method == "PUT":
            stored["by"] = ask.headers["x-amz-meta-wharfie"]
            return answer(200, b"", TAG)
        if not stored:
            return answer(404)
        return answer(200, b"", TAG | {"Content-Length": "3", "x-amz-meta-wharfie": stored["by"]})

    with service(says, tmp_path, checksums="always") as (place, server):
        for _ in range(2):
            upload = place.begin("/b/k", 3, key="0badcafe", part_size=1 << 24)
            receipt = place.put_part(upload, 0, 0, [b"abc"])
            place.finish(upload, [receipt], replacing=ANY_VERSION)
        sent = [("x-amz-checksum-sha256" in ask.headers) for ask in server.asked("PUT")]
        assert sent == [True, False, False]


# C14 -------------------------------------------------------------------------------------------


def completing(said: bytes) -> Says:
    """A service that takes everything, until the parts are put together."""

    def says(ask: Ask) -> bytes:
        if ask.method == "POST" and "uploads=" in ask.target:
            root = b"InitiateMultipartUploadResult"
            return answer(200, b"<%s><UploadId>u</UploadId></%s>" % (root, root))
        if ask.method == "POST":
            return said
        if ask.method == "PUT":
            return answer(200, b"", TAG)
        if ask.method == "GET":
            return answer(200, b"<ListMultipartUploadsResult/>")
        return answer(404)

    return says


def _completed(place: S3Provider, replacing: str | None = None) -> None:
    upload = place.begin("/b/k", None, key="0badcafe", part_size=1 << 24)
    receipt = place.put_part(upload, 0, 0, [b"abc"])
    place.finish(upload, [receipt], replacing=replacing)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (error(200, "InternalError"), ConnectionLost),
        (error(200, "SlowDown"), Throttled),
        (error(200, "NoSuchUpload"), UploadExpired),
        (error(200, "InvalidPart"), UploadExpired),
        (error(200, "AccessDenied"), Denied),
        (answer(200, b""), ConnectionLost),
        (answer(200, b"<html>all is well</html>"), ConnectionLost),
        (error(404, "NoSuchUpload"), UploadExpired),
        (error(412, "PreconditionFailed"), AlreadyExists),
        (error(409, "ConditionalRequestConflict"), ConnectionLost),
    ],
)
def test_C14_an_error_is_one_whatever_its_status(
    said: bytes, expected: type[ProviderError], tmp_path: Path
) -> None:
    with service(completing(said), tmp_path) as (place, _), pytest.raises(expected):
        _completed(place)


def test_C14_what_is_not_seen_afterwards_is_not_stored(tmp_path: Path) -> None:
    said = answer(200, b"<CompleteMultipartUploadResult/>")
    with service(completing(said), tmp_path) as (place, _), pytest.raises(ConnectionLost):
        _completed(place)


def test_C14_a_service_without_conditions_is_looked_at_instead(tmp_path: Path) -> None:
    def says(ask: Ask) -> bytes:
        if {"if-match", "if-none-match"} & ask.headers.keys():
            return error(501, "NotImplemented")
        return answer(200, b"", TAG | {"Content-Length": "3"})

    with service(says, tmp_path) as (place, server):
        upload = place.begin("/b/k", 3, key="0badcafe", part_size=1 << 24)
        receipt = place.put_part(upload, 0, 0, [b"abc"])
        with pytest.raises(AlreadyExists):
            place.finish(upload, [receipt], replacing=None)
        with pytest.raises(TargetChanged):
            place.finish(upload, [receipt], replacing='"another"')
        assert server.asked("PUT") == []
        assert place.finish(upload, [receipt], replacing='"one"').version == '"one"'


@pytest.mark.parametrize(
    ("said", "expected", "words"),
    [
        (error(503, "SlowDown", **{"Retry-After": "7"}), Throttled, "slow down"),
        (error(403, "RequestTimeTooSkewed"), Denied, "clock is more than 15 minutes off"),
        (error(400, "ExpiredToken"), AuthRequired, "session token has expired"),
        (error(403, "SignatureDoesNotMatch"), AuthRequired, "keys were refused"),
        (error(403, "InvalidAccessKeyId"), AuthRequired, "keys were refused"),
        (error(403, "AccessDenied"), Denied, "may not do that"),
        (error(500, "InternalError"), ConnectionLost, "answered 500"),
        (error(403, "InvalidObjectState"), Denied, "archived"),
        (error(501, ""), Unsupported, "cannot do that"),
        (error(507, "XMinioStorageFull"), NoSpace, "disks are full"),
    ],
)
def test_C14_a_refusal_is_a_plain_sentence(
    said: bytes, expected: type[ProviderError], words: str, tmp_path: Path
) -> None:
    with service(lambda ask: said, tmp_path) as (place, _), pytest.raises(expected) as caught:
        get(place)
    assert words in str(caught.value) and str(caught.value).isprintable()
    if isinstance(caught.value, Throttled):
        assert caught.value.retry_after == 7


def test_C14_a_refused_key_is_told_of_a_look_as_well(tmp_path: Path) -> None:
    """HEAD has no body: why it was refused is asked for."""

    def says(ask: Ask) -> bytes:
        return answer(403) if ask.method == "HEAD" else error(403, "SignatureDoesNotMatch")

    with service(says, tmp_path) as (place, _), pytest.raises(AuthRequired) as caught:
        place.stat("/b/k")
    assert caught.value.rejected


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_C14_a_wrong_region_is_corrected_once(method: str, tmp_path: Path) -> None:
    def says(ask: Ask) -> bytes:
        if "/us-east-1/s3/" in ask.headers["authorization"]:
            body = b"" if ask.method == "HEAD" else b"<Error><Code>PermanentRedirect</Code></Error>"
            return answer(301, body, {"x-amz-bucket-region": "eu-west-1"})
        length = {"Content-Length": "3"}
        return answer(200, b"" if ask.method == "HEAD" else b"abc", TAG | length)

    with service(says, tmp_path) as (place, server):
        for _ in range(2):
            assert place.stat("/b/k").size == 3 if method == "HEAD" else get(place) == b"abc"
        assert len(server.asked(method)) == 3, "where it is, is remembered"


def test_C14_a_signature_follows_no_redirect(tmp_path: Path) -> None:
    with ScriptedHttp(lambda ask, wire: wire.say(answer(200, DATA, TAG))) as elsewhere:
        moved = answer(307, b"", {"Location": f"{elsewhere.base}/b/k?X-Amz-Signature=canary"})
        with service(lambda ask: moved, tmp_path) as (place, _):
            with pytest.raises(Unsupported) as caught:
                get(place)
            assert re.search(r"elsewhere: http://127.0.0.1:\d+/b/k\.", str(caught.value))
        assert elsewhere.asked() == []


def test_C12_a_checksum_that_a_service_only_says_again_proves_nothing(tmp_path: Path) -> None:
    """`rclone serve s3` keeps what was sent, whatever the bytes are."""
    claimed = {"X-Amz-Checksum-Sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}
    honest = {"Repr-Digest": "sha-512=:" + "A" * 86 + "==:"}
    said = answer(200, b"", TAG | claimed | honest | {"Content-Length": "3"})
    with service(lambda ask: said, tmp_path) as (place, _):
        assert place.stat("/b/k").digests == {"sha512": "00" * 64}
        place._session.certain = True
        assert place.stat("/b/k").digests.keys() == {"sha256", "sha512"}


@pytest.mark.parametrize(("offset", "length"), [(0, 100), (7, 100), (7, None)])
def test_C12_a_refused_part_that_the_object_has_is_no_end(
    offset: int, length: int | None, tmp_path: Path
) -> None:
    def says(ask: Ask) -> bytes:
        if ask.method == "HEAD":
            return answer(200, b"", TAG | {"Content-Length": "1000"})
        return answer(416, b"", TAG)

    with service(says, tmp_path) as (place, _), pytest.raises(RangeIgnored):
        get(place, offset=offset, length=length, version='"one"')


def _without_conditions(occupied: list[bool]) -> Says:
    """A service that refuses conditions. By then another's file stands there, if `occupied`."""
    complete = completing(answer(200, b"<CompleteMultipartUploadResult/>"))

    def says(ask: Ask) -> bytes:
        if "if-none-match" in ask.headers:
            occupied[0] = True
            return error(501, "")
        if ask.method == "HEAD" and occupied[0]:
            return answer(200, b"", TAG | {"Content-Length": "3", "x-amz-meta-wharfie": "another"})
        return complete(ask)

    return says


@pytest.mark.parametrize("in_parts", [False, True])
@pytest.mark.parametrize("checksums", ["", "always"])
@pytest.mark.parametrize(("certain", "expected"), [(False, AlreadyExists), (True, Unsupported)])
def test_C14_a_refused_condition_is_never_dropped_without_a_look(
    certain: bool, expected: type[ProviderError], checksums: str, in_parts: bool, tmp_path: Path
) -> None:
    with service(_without_conditions([False]), tmp_path, checksums=checksums) as (place, server):
        place._session.certain = certain
        upload = place.begin("/b/k", None if in_parts else 3, key="0badcafe", part_size=1 << 24)
        receipt = place.put_part(upload, 0, 0, [b"abc"])
        with pytest.raises(expected):
            place.finish(upload, [receipt], replacing=None)
        naming = server.asked("POST")[1:] if in_parts else server.asked("PUT")
        assert ["if-none-match" in ask.headers for ask in naming] == [True]


def test_C14_checksums_are_dropped_before_conditions(tmp_path: Path) -> None:
    def says(ask: Ask) -> bytes:
        if ask.method == "PUT" and "x-amz-checksum-sha256" in ask.headers:
            return error(501, "NotImplemented")
        return error(412, "PreconditionFailed") if ask.method == "PUT" else answer(404)

    with service(says, tmp_path, checksums="always") as (place, server):
        upload = place.begin("/b/k", 3, key="0badcafe", part_size=1 << 24)
        receipt = place.put_part(upload, 0, 0, [b"abc"])
        with pytest.raises(AlreadyExists):
            place.finish(upload, [receipt], replacing=None)
        assert all("if-none-match" in ask.headers for ask in server.asked("PUT"))
