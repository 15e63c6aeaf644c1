"""Whether what stands in the way has the same contents: found out without reading too much."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from providers.base import Capabilities, Entry, Kind
from providers.errors import NotFound, SourceChanged, Unsupported
from tests.tui.app_case import Tree
from transfers.model import Conflict
from tui.comparing import Finding, GivenUp, compare, compared, first_difference, told


class Place(Tree):
    """A file "/f" of `data`; what is read of it is counted."""

    def __init__(self, data: bytes, *, near: bool = True, digests: bool = False) -> None:
        super().__init__(["/f"])
        self.store.nodes["/f"].data = bytearray(data)
        self.chunks = 0
        self._near, self._digests = near, digests
        self.store.fail = self._count

    def _count(self, operation: str, path: str) -> None:
        self.chunks += operation == "chunk"

    @property
    def caps(self) -> Capabilities:
        digests = frozenset({"sha256"} if self._digests else ())
        return replace(super().caps, near=self._near, digests=digests)

    def digest(self, path: str, algorithm: str) -> str:
        return hashlib.new(algorithm, self.store.nodes[path].data).hexdigest()


def sides(new: Place, old: Place) -> Conflict:
    return Conflict(new.stat("/f"), old.stat("/f"))


def found(new: bytes, old: bytes, limit: int = 1 << 20) -> Finding:
    one, other = Place(new), Place(old)
    return compare(one, other, sides(one, other), limit=limit)


@pytest.mark.parametrize(
    ("new", "old", "finding"),
    [
        (b"abc", b"abc", Finding(True, 3)),
        (b"", b"", Finding(True, 0)),
        (b"abcd", b"abXd", Finding(False, 2)),
        (b"abc", b"Xbc", Finding(False, 0)),
        (b"abcd", b"ab", Finding(False, 2, ended="old")),
        (b"", b"ab", Finding(False, 0, ended="new")),
        (b"a" * 200_000, b"a" * 199_999 + b"b", Finding(False, 199_999)),
    ],
)
def test_both_are_read_up_to_the_first_difference(new: bytes, old: bytes, finding: Finding) -> None:
    assert found(new, old) == finding


def test_no_more_is_read_than_the_limit_and_that_is_said() -> None:
    one, other = Place(b"a" * 400_000), Place(b"a" * 399_999 + b"b")
    finding = compare(one, other, sides(one, other), limit=100_000)
    assert finding == Finding(None, 100_000)
    assert (one.chunks, other.chunks) == (2, 2)  # of 64 KiB
    assert told(finding) == "Equal so far: the first 97.7 KiB were compared."


def test_files_that_end_at_the_limit_were_read_whole() -> None:
    assert found(b"a" * 10, b"a" * 10, limit=10) == Finding(True, 10)
    assert found(b"a" * 11, b"a" * 10, limit=10) == Finding(None, 10)


@pytest.mark.parametrize("equal", [True, False])
def test_digests_that_both_places_tell_spare_the_reading(equal: bool) -> None:
    one, other = Place(b"abc"), Place(b"abc")
    conflict = sides(one, other)
    digests: Mapping[str, str] = {"md5": "aa"}
    new = replace(conflict.source, digests=digests)
    old = replace(conflict.target, digests={"crc": "x", "md5": "aa" if equal else "bb"})
    assert compare(one, other, Conflict(new, old)) == Finding(equal, digest="md5")
    assert one.chunks == other.chunks == 0


@pytest.mark.parametrize("equal", [True, False])
def test_a_far_place_that_digests_its_files_sends_none_of_their_bytes(equal: bool) -> None:
    near, far = Place(b"abc"), Place(b"abc" if equal else b"abd", near=False, digests=True)
    for one, other in ((near, far), (far, near)):
        finding = compare(one, other, sides(one, other))
        assert finding == Finding(equal, digest="sha256")
    assert far.chunks == 0


def test_a_place_that_cannot_digest_after_all_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = Place(b"abc"), Place(b"abd", near=False, digests=True)

    def no_shell(path: str, algorithm: str) -> str:
        raise Unsupported(path, "the server offers no shell")

    monkeypatch.setattr(far, "digest", no_shell)
    assert compare(near, far, sides(near, far)) == Finding(False, 2)


def test_a_large_file_is_not_digested_for_a_question() -> None:
    near, far = Place(b"a" * 11), Place(b"a" * 11, near=False, digests=True)
    assert compare(near, far, sides(near, far), limit=10) == Finding(None, 10)


def test_a_file_that_is_not_what_it_was_is_no_answer() -> None:
    one, other = Place(b"abc"), Place(b"abc")
    conflict = sides(one, other)
    one.store.nodes["/f"].revision = 99
    with pytest.raises(SourceChanged):
        compare(one, other, conflict)
    link = replace(conflict.target, kind=Kind.LINK)
    with pytest.raises(Unsupported):
        compare(one, other, replace(conflict, target=link))


def test_it_stops_between_two_pieces_and_tells_how_far_it_is() -> None:
    one, other = Place(b"a" * (9 << 20)), Place(b"a" * (9 << 20))
    reports: list[int] = []
    compare(one, other, sides(one, other), report=reports.append)
    assert reports == [4 << 20, 8 << 20]
    with pytest.raises(GivenUp):
        compare(one, other, sides(one, other), stopped=lambda: one.chunks > 9 * 16 + 3)
    assert one.chunks < 9 * 16 + 9


@pytest.mark.parametrize(
    ("finding", "says"),
    [
        (Finding(True, 1234), "Same contents: all 1,234 bytes were compared."),
        (Finding(True, digest="md5"), "Same contents: md5 of both."),
        (Finding(False, digest="md5"), "Different contents: md5 of both."),
        (Finding(False, 0), "Different from byte 1 on."),
        (Finding(False, 8, ended="old"), "Different: equal up to byte 8, where the old one ends."),
    ],
)
def test_a_finding_is_a_sentence(finding: Finding, says: str) -> None:
    assert told(finding) == says


def cut(data: bytes, at: list[int]) -> Iterator[bytes]:
    places = sorted({0, *(n for n in at if n < len(data)), len(data)})
    yield b""
    for start, end in itertools.pairwise(places):
        yield data[start:end]


@given(some.binary(max_size=40), some.binary(max_size=40), *[some.lists(some.integers(0, 40))] * 2)
def test_where_two_files_differ_does_not_depend_on_how_they_arrive(
    new: bytes, old: bytes, one: list[int], other: list[int]
) -> None:
    equal, ended = first_difference(cut(new, one), cut(old, other))
    assert new[:equal] == old[:equal]
    expected = {(True, True): "both", (True, False): "new", (False, True): "old"}
    assert ended == expected.get((equal == len(new), equal == len(old)), "")
    assert ended or new[equal] != old[equal]


async def test_the_thread_ends_when_nobody_waits_any_longer() -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    one, other = Place(b"a" * 200_000), Place(b"a" * 200_000)
    conflict, loop = sides(one, other), asyncio.get_running_loop()

    def hold(operation: str, path: str) -> None:
        one._count(operation, path)
        if operation == "chunk":
            loop.call_soon_threadsafe(begun.set)
            go_on.wait(10)

    one.store.fail = hold
    task = asyncio.create_task(compared(lambda: (one, other), conflict, lambda _: None))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    reading = [thread for thread in threading.enumerate() if thread.name == "wharfie-call"]
    go_on.set()
    for thread in reading:
        await asyncio.to_thread(thread.join, 10)
    assert one.chunks < 4


async def test_what_cannot_be_read_is_raised_where_it_is_awaited() -> None:
    one, other = Place(b"a"), Place(b"a")
    gone = Entry("/gone", "gone", Kind.FILE, 1)
    with pytest.raises(NotFound):
        await compared(lambda: (one, other), Conflict(gone, other.stat("/f")), lambda _: None)
