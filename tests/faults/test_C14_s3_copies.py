"""C14: a service that copies its own objects, and says success where there was none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from providers.base import ANY_VERSION
from providers.errors import (
    ConnectionLost,
    ProviderError,
    SourceChanged,
    Throttled,
    Unsupported,
    UploadExpired,
)
from providers.s3 import copying
from providers.s3.provider import S3Provider, open_endpoint
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import DATE, LONG_AGO, Ask, ScriptedHttp, Wire, answer

BEGUN = b"<InitiateMultipartUpload><UploadId>u</UploadId></InitiateMultipartUpload>"
PART = b'<CopyPartResult><ETag>"p"</ETag></CopyPartResult>'
COPIED = b'<CopyObjectResult><ETag>"one"</ETag></CopyObjectResult>'
LARGE = 100


def error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()


class Service:
    """One object, "/b/a", and what it says when a copy is asked for. `does`: it makes the copy."""

    def __init__(self, size: int, says: Callable[[Ask, Wire], bytes], *, does: bool) -> None:
        self.size, self.says, self.does = size, says, does
        self.mark, self.when = "", LONG_AGO
        self.stored: int | None = None
        self.aborted: list[str] = []

    def __call__(self, ask: Ask, wire: Wire) -> None:
        if "x-amz-copy-source" in ask.headers:
            if self.does:
                self.mark, self.stored = ask.headers.get("x-amz-meta-wharfie", ""), self.size
            wire.say(self.says(ask, wire))
        elif ask.method == "HEAD":
            wire.say(self._head(ask))
        elif ask.method == "POST" and "uploads=" in ask.target:
            wire.say(answer(200, BEGUN))
        elif ask.method == "GET":
            wire.say(answer(200, b"<ListMultipartUploadsResult/>"))
        else:
            self.aborted.append(ask.target)
            wire.say(answer(204))

    def _head(self, ask: Ask) -> bytes:
        size = self.size if ask.target == "/b/a" else self.stored
        if size is None:
            return answer(404)
        said = {
            "ETag": '"one"',
            "Last-Modified": self.when,
            "Content-Length": str(size),
            "x-amz-meta-wharfie": self.mark,
        }
        return answer(200, b"", said)


@contextmanager
def serving(service: Service, tmp_path: Path) -> Iterator[S3Provider]:
    with ScriptedHttp(service) as server:
        endpoint, access = access_to(server, tmp_path)
        provider = open_endpoint(endpoint, access)
        try:
            yield provider
        finally:
            provider.close()


def copied(place: S3Provider, size: int) -> int | None:
    part_size = 8 << 20 if size < LARGE else 10
    upload = place.begin("/b/c", size, key="0badcafe", part_size=part_size)
    receipts = place.copy_into(upload, "/b/a", version='"one"')
    return place.finish(upload, receipts, replacing=ANY_VERSION).size


def saying(status: int, body: bytes = b"") -> Callable[[Ask, Wire], bytes]:
    return lambda ask, wire: answer(status, body)


@pytest.mark.parametrize("size", [3, LARGE], ids=["one request", "a part"])
@pytest.mark.parametrize(
    ("says", "kind"),
    [
        (saying(200, error("InternalError")), ConnectionLost),
        (saying(200, error("SlowDown")), Throttled),
        (saying(500, error("InternalError")), ConnectionLost),
    ],
)
def test_C14_success_with_an_error_in_it_is_an_error(
    says: Callable[[Ask, Wire], bytes], kind: type[ProviderError], size: int, tmp_path: Path
) -> None:
    service = Service(size, says, does=False)
    with serving(service, tmp_path) as place, pytest.raises(kind):
        copied(place, size)
    assert len(service.aborted) == (size == LARGE)


@pytest.mark.parametrize("said", [(403, "AccessDenied"), (501, "NotImplemented")])
def test_C14_what_the_service_does_not_copy_is_sent(said: tuple[int, str], tmp_path: Path) -> None:
    says = saying(said[0], error(said[1]))
    with serving(Service(3, says, does=False), tmp_path) as place, pytest.raises(UploadExpired):
        copied(place, 3)
    with serving(Service(LARGE, says, does=False), tmp_path) as place, pytest.raises(Unsupported):
        copied(place, LARGE)


def test_C14_a_service_that_knows_no_copies_stores_nothing_and_shows_it(tmp_path: Path) -> None:
    service = Service(0, saying(200), does=True)
    with serving(service, tmp_path) as place:
        service.size = 3
        upload = place.begin("/b/c", 3, key="0badcafe", part_size=8 << 20)
        receipts = place.copy_into(upload, "/b/a", version='"one"')
        service.size = 0
        assert place.finish(upload, receipts, replacing=ANY_VERSION).size == 0, "as it is there"
        with pytest.raises(Unsupported):
            copied(place, 0)


def test_C14_nothing_is_replaced_by_the_first_copy_of_a_service(tmp_path: Path) -> None:
    """One that knows no copies would put an empty object there."""
    service = Service(3, saying(200, COPIED), does=True)
    service.stored = 12
    with serving(service, tmp_path) as place:
        with pytest.raises(Unsupported):
            copied(place, 3)
        assert service.stored == 12
        service.stored = None
        assert copied(place, 3) == 3
        assert copied(place, 3) == 3, "it is seen to copy"


def test_C14_a_copy_whose_answer_was_lost_is_found_by_its_mark(tmp_path: Path) -> None:
    def lost(ask: Ask, wire: Wire) -> bytes:
        wire.hang_up()
        return b""

    with serving(Service(3, lost, does=True), tmp_path) as place:
        assert copied(place, 3) == 3
    with serving(Service(3, lost, does=False), tmp_path) as place, pytest.raises(ConnectionLost):
        copied(place, 3)


@pytest.mark.parametrize("size", [3, LARGE], ids=["one request", "a part"])
def test_C14_a_source_that_is_another_by_then_says_so(size: int, tmp_path: Path) -> None:
    service = Service(size, lambda ask, wire: _changed(service), does=False)
    with serving(service, tmp_path) as place, pytest.raises(SourceChanged):
        copied(place, size)


def _changed(service: Service) -> bytes:
    service._head = lambda ask: answer(200, b"", {"ETag": '"two"'})  # type: ignore[method-assign]
    return answer(412, error("PreconditionFailed"))


@pytest.mark.parametrize("size", [3, LARGE], ids=["one request", "a part"])
def test_C14_a_source_that_was_another_object_in_between_is_found_by_when_it_was_stored(
    size: int, tmp_path: Path
) -> None:
    """A service that does not heed the condition may have copied that one."""
    says = COPIED if size < LARGE else PART
    service = Service(size, lambda ask, wire: _stored_again(service, says), does=True)
    with serving(service, tmp_path) as place, pytest.raises(SourceChanged):
        copied(place, size)


def _stored_again(service: Service, says: bytes) -> bytes:
    service.when = DATE
    return answer(200, says)


def test_B3_a_copy_in_parts_ends_when_its_thread_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_PART", 30)
    all_ask = threading.Barrier(copying._AT_ONCE + 1, timeout=30)

    def never(ask: Ask, wire: Wire) -> bytes:
        all_ask.wait()
        wire.freeze()
        return b""

    outcome: list[object] = []

    def copy(place: S3Provider) -> None:
        try:
            outcome.append(copied(place, LARGE))
        except ProviderError as told:
            outcome.append(told)

    with serving(Service(LARGE, never, does=False), tmp_path) as place:
        thread = threading.Thread(target=copy, args=(place,))
        thread.start()
        all_ask.wait()
        assert thread.ident is not None
        place.interrupt(thread.ident)
        thread.join(timeout=30)
        assert not thread.is_alive()
    assert isinstance(outcome[0], ConnectionLost)
