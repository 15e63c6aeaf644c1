"""A naming without an answer, asked for again: our own object, and nobody else's (faults.md A8)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from providers.base import ANY_VERSION
from providers.errors import AlreadyExists, ProviderError, TargetChanged, UploadExpired
from providers.s3 import uploads
from providers.s3.provider import S3Provider, open_endpoint
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer

OLD, NEW = b"old", b"new"


class Gateway:
    """A service of one object, which heeds If-None-Match and If-Match.

    `keeps`: what is sent along with an object; some keep nothing.
    """

    def __init__(self, *, keeps: bool, content: bytes | None = None) -> None:
        self.keeps = keeps
        self.content = content
        self.mark = ""
        self.parts: bytes | None = None

    def __call__(self, ask: Ask, wire: Wire) -> None:
        wire.say(getattr(self, f"_{ask.method.lower()}")(ask))

    def name(self, content: bytes, mark: str) -> None:
        self.content, self.mark = content, mark if self.keeps else ""

    @property
    def _tag(self) -> str | None:
        return None if self.content is None else f'"{self.content.decode()}"'

    def _head(self, ask: Ask) -> bytes:
        if self.content is None:
            return answer(404)
        said = {"ETag": self._tag or "", "Content-Length": str(len(self.content))}
        return answer(200, b"", said | {"x-amz-meta-wharfie": self.mark})

    def _get(self, ask: Ask) -> bytes:
        if "uploadId=" not in ask.target:
            return answer(200, b"<ListMultipartUploadsResult/>")
        if self.parts is None:
            return answer(404, b"<Error><Code>NoSuchUpload</Code></Error>")
        return answer(200, b"<ListPartsResult/>")

    def _post(self, ask: Ask) -> bytes:
        if "uploads=" in ask.target:
            self._sent_mark = ask.headers["x-amz-meta-wharfie"]
            self.parts = b""
            root = b"InitiateMultipartUploadResult"
            return answer(200, b"<%s><UploadId>u</UploadId></%s>" % (root, root))
        if self.parts is None:
            return answer(404, b"<Error><Code>NoSuchUpload</Code></Error>")
        if self._refuses(ask):
            return answer(412)
        self.name(self.parts, self._sent_mark)
        self.parts = None
        return answer(200, b"<CompleteMultipartUploadResult/>")

    def _put(self, ask: Ask) -> bytes:
        if "partNumber=" in ask.target:
            self.parts = ask.body
            return answer(200, b"", {"ETag": '"part"'})
        if self._refuses(ask):
            return answer(412)
        self.name(ask.body, ask.headers["x-amz-meta-wharfie"])
        return answer(200)

    def _refuses(self, ask: Ask) -> bool:
        if "if-none-match" in ask.headers:
            return self.content is not None
        return ask.headers.get("if-match", self._tag) != self._tag


@contextmanager
def place_of(gateway: Gateway, tmp_path: Path) -> Iterator[S3Provider]:
    with (
        ScriptedHttp(gateway) as server,
        closing(open_endpoint(*access_to(server, tmp_path))) as place,
    ):
        yield place


def sent(place: S3Provider, *, in_parts: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """An upload of NEW, and its receipt."""
    monkeypatch.setattr(uploads, "WHOLE_MOST", 0 if in_parts else 1 << 20)
    upload = place.begin("/b/k", len(NEW), key="0badcafe", part_size=1 << 24)
    return upload, place.put_part(upload, 0, 0, [NEW])


@pytest.mark.parametrize("in_parts", [False, True])
def test_an_old_object_of_the_same_size_is_not_ours_while_our_bytes_wait(
    in_parts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = Gateway(keeps=False, content=OLD)
    with place_of(gateway, tmp_path) as place:
        upload, receipt = sent(place, in_parts=in_parts, monkeypatch=monkeypatch)
        with pytest.raises(AlreadyExists):
            place.finish(upload, [receipt], replacing=None, again=True)
        place.finish(upload, [receipt], replacing=ANY_VERSION, again=True)
    assert gateway.content == NEW


@pytest.mark.parametrize("in_parts", [False, True])
def test_the_version_to_be_replaced_is_not_ours_even_when_our_bytes_are_gone(
    in_parts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = Gateway(keeps=False, content=OLD)
    with place_of(gateway, tmp_path) as place:
        upload, receipt = sent(place, in_parts=in_parts, monkeypatch=monkeypatch)
        gateway.parts = None
        place._uploads._held.drop_of("/b/k", "0badcafe")
        with pytest.raises(UploadExpired):
            place.finish(upload, [receipt], replacing='"old"', again=True)


@pytest.mark.parametrize("in_parts", [False, True])
def test_where_nothing_is_kept_with_an_object_ours_is_found_when_our_bytes_are_gone(
    in_parts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = Gateway(keeps=False, content=OLD)
    with place_of(gateway, tmp_path) as place:
        upload, receipt = sent(place, in_parts=in_parts, monkeypatch=monkeypatch)
        place.finish(upload, [receipt], replacing='"old"')
        found = place.finish(upload, [receipt], replacing='"old"', again=True)
    assert found.version == '"new"'


@pytest.mark.parametrize("in_parts", [False, True])
@pytest.mark.parametrize("certain", [False, True])
@pytest.mark.parametrize(("old", "replacing"), [(None, None), (OLD, '"old"')])
def test_our_request_that_arrives_late_is_no_stranger(
    old: bytes | None,
    replacing: str | None,
    certain: bool,
    in_parts: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It arrives behind the look that did not find it."""
    gateway = Gateway(keeps=True, content=old)
    with place_of(gateway, tmp_path) as place:
        place._session.certain = certain
        upload, receipt = sent(place, in_parts=in_parts, monkeypatch=monkeypatch)
        agreed = place._uploads._need_agreed

        def late(path: str, replacing: str | None) -> None:
            gateway.name(NEW, uploads.from_token(upload).mark)
            gateway.parts = None
            agreed(path, replacing)

        monkeypatch.setattr(place._uploads, "_need_agreed", late)
        found = place.finish(upload, [receipt], replacing=replacing, again=True)
    assert found.version == '"new"'


@pytest.mark.parametrize(
    ("old", "replacing", "expected"),
    [(None, None, AlreadyExists), (OLD, '"old"', TargetChanged)],
)
def test_somebody_elses_object_that_arrives_late_stays(
    old: bytes | None,
    replacing: str | None,
    expected: type[ProviderError],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gateway = Gateway(keeps=True, content=old)
    with place_of(gateway, tmp_path) as place:
        upload, receipt = sent(place, in_parts=False, monkeypatch=monkeypatch)
        agreed = place._uploads._need_agreed

        def late(path: str, replacing: str | None) -> None:
            gateway.name(b"two", "another")
            agreed(path, replacing)

        monkeypatch.setattr(place._uploads, "_need_agreed", late)
        with pytest.raises(expected):
            place.finish(upload, [receipt], replacing=replacing, again=True)
    assert gateway.content == b"two"
