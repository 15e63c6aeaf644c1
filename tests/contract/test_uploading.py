"""Contract: uploads. The destination is whole-old until `finish`, whole-new after it."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from providers.base import ANY_VERSION, Copier, Digester, Entry, Kind
from providers.errors import (
    AlreadyExists,
    InvalidName,
    NotFound,
    ProviderError,
    SourceChanged,
    TargetChanged,
    WrongKind,
)
from tests.contract.case import KEY, PART, Case, fails, needs, read

PARTS = [random.Random(n).randbytes(PART) for n in range(3)] + [b"the end"]
WHOLE = b"".join(PARTS)


def _put_parts(case: Case, upload: str, order: list[int]) -> list[str]:
    if not case.takes_parts:
        pytest.skip("this place takes a file in one piece only")
    receipts = {i: case.provider.put_part(upload, i, i * PART, [PARTS[i]]) for i in order}
    return [receipts[i] for i in sorted(receipts)]


@pytest.mark.parametrize("data", [b"", b"x"], ids=["0 bytes", "1 byte"])
def test_smallest_files_are_uploaded(case: Case, data: bytes) -> None:
    entry = case.put(case.at("file"), data)
    assert (entry.path, entry.name, entry.kind) == (case.at("file"), "file", Kind.FILE)
    assert entry.size == len(data)
    assert case.get(case.at("file")) == data
    assert case.names() == ["file"]


def test_empty_file_needs_no_part(case: Case) -> None:
    upload = case.begin(case.at("file"), 0)
    assert case.provider.finish(upload, [], replacing=None).size == 0
    assert case.get(case.at("file")) == b""


def test_parts_in_order_make_the_whole(case: Case) -> None:
    upload = case.begin(case.at("file"), len(WHOLE))
    receipts = _put_parts(case, upload, [0, 1, 2, 3])
    assert case.provider.finish(upload, receipts, replacing=None).size == len(WHOLE)
    assert case.get(case.at("file")) == WHOLE


def test_parts_out_of_order_make_the_whole(case: Case) -> None:
    parts = case.provider.caps.parts
    if parts is None or parts.order != "any":
        pytest.skip("this place takes parts in order only")
    upload = case.begin(case.at("file"), len(WHOLE))
    receipts = _put_parts(case, upload, [3, 1, 0, 2])
    case.provider.finish(upload, receipts, replacing=None)
    assert case.get(case.at("file")) == WHOLE


def test_part_may_come_in_many_chunks(case: Case) -> None:
    buffer = bytearray(1000)

    def chunks() -> object:
        for start in range(0, PART, 1000):
            piece = PARTS[0][start : start + 1000]
            buffer[: len(piece)] = piece
            yield memoryview(buffer)[: len(piece)]

    upload = case.begin(case.at("file"), PART)
    receipt = case.provider.put_part(upload, 0, 0, chunks())  # type: ignore[arg-type]
    case.provider.finish(upload, [receipt], replacing=None)
    assert case.get(case.at("file")) == PARTS[0]


def test_size_may_be_unknown(case: Case) -> None:
    upload = case.begin(case.at("file"), None)
    receipt = case.provider.put_part(upload, 0, 0, [b"12", b"", b"345"])
    assert case.provider.finish(upload, [receipt], replacing=None).size == 5


def test_part_sent_again_is_stored_once(case: Case) -> None:
    upload = case.begin(case.at("file"), len(WHOLE))
    _put_parts(case, upload, [0, 1])
    receipts = _put_parts(case, upload, [0, 1, 2, 3])
    case.provider.finish(upload, receipts, replacing=None)
    assert case.get(case.at("file")) == WHOLE


@needs("unfinished")
def test_failing_source_fails_the_part_and_leaves_the_upload(case: Case) -> None:
    def broken() -> object:
        yield b"12345"
        raise SourceChanged("elsewhere")

    upload = case.begin(case.at("file"), 5)
    with fails(SourceChanged):
        case.provider.put_part(upload, 0, 0, broken())  # type: ignore[arg-type]
    receipt = case.provider.put_part(upload, 0, 0, [b"54321"])
    case.provider.finish(upload, [receipt], replacing=None)
    assert case.get(case.at("file")) == b"54321"


def test_unfinished_bytes_can_be_read_and_digested(case: Case) -> None:
    upload = case.begin(case.at("file"), 5)
    case.provider.put_part(upload, 0, 0, [b"12345"])
    staged = case.provider.staged(upload)
    if staged is None:
        pytest.skip("this place shows no unfinished bytes")
    assert case.get(staged) == b"12345"
    if isinstance(case.provider, Digester):
        case.check_digest(staged, b"12345")
    case.provider.abort(upload)


def test_unfinished_bytes_are_for_their_owner_only(case: Case) -> None:
    upload = case.begin(case.at("file"), 5, mode=0o666)
    case.provider.put_part(upload, 0, 0, [b"12345"])
    staged = case.provider.staged(upload)
    mode = None if staged is None else case.provider.stat(staged).mode
    if mode is None or not case.modes:
        pytest.skip("this place has no modes")
    assert mode & 0o077 == 0


@needs("unfinished")
def test_destination_does_not_exist_before_finish(case: Case) -> None:
    upload = case.begin(case.at("file"), 5)
    case.provider.put_part(upload, 0, 0, [b"12345"])
    with fails(NotFound):
        case.provider.stat(case.at("file"))


@needs("unfinished")
def test_destination_is_whole_old_before_finish(case: Case) -> None:
    case.put(case.at("file"), b"old")
    upload = case.begin(case.at("file"), 5)
    receipt = case.provider.put_part(upload, 0, 0, [b"12345"])
    assert case.get(case.at("file")) == b"old"
    case.provider.finish(upload, [receipt], replacing=ANY_VERSION)
    assert case.get(case.at("file")) == b"12345"
    assert case.names() == ["file"]


@needs("unfinished")
def test_nothing_is_replaced_unasked_and_the_upload_survives(case: Case) -> None:
    case.put(case.at("file"), b"old")
    upload = case.begin(case.at("file"), 5)
    receipt = case.provider.put_part(upload, 0, 0, [b"12345"])
    with fails(AlreadyExists):
        case.provider.finish(upload, [receipt], replacing=None)
    assert case.get(case.at("file")) == b"old"
    case.provider.finish(upload, [receipt], replacing=ANY_VERSION)
    assert case.get(case.at("file")) == b"12345"


def test_agreed_version_is_replaced(case: Case) -> None:
    old = case.put(case.at("file"), b"old")
    case.put(case.at("file"), b"new and longer", replacing=old.version)
    assert case.get(case.at("file")) == b"new and longer"


@needs("unfinished")
def test_other_version_is_not_replaced(case: Case) -> None:
    old = case.put(case.at("file"), b"old")
    case.overwrite(case.at("file"), b"changed since")
    with fails(TargetChanged):
        case.put(case.at("file"), b"new", replacing=old.version)
    assert case.get(case.at("file")) == b"changed since"


@needs("unfinished")
def test_version_of_a_file_that_is_gone_is_not_replaced(case: Case) -> None:
    old = case.put(case.at("file"), b"old")
    case.provider.delete(case.at("file"))
    with fails(TargetChanged):
        case.put(case.at("file"), b"new", replacing=old.version)
    with fails(NotFound):
        case.provider.stat(case.at("file"))


def test_any_version_may_be_none_at_all(case: Case) -> None:
    case.overwrite(case.at("file"), b"new")
    assert case.get(case.at("file")) == b"new"


@needs("folders")
def test_directory_is_never_replaced_by_a_file(case: Case) -> None:
    case.provider.make_dir(case.at("dir"))
    with fails(WrongKind, AlreadyExists):
        case.overwrite(case.at("dir"), b"new")
    assert case.provider.stat(case.at("dir")).kind is Kind.DIR


def test_link_is_replaced_itself_and_never_written_through(case: Case) -> None:
    case.put(case.at("file"), b"precious")
    case.make_link(case.at("link"), "file")
    with fails(AlreadyExists):
        case.put(case.at("link"), b"new")
    case.overwrite(case.at("link"), b"new")
    assert case.get(case.at("file")) == b"precious"
    assert case.provider.stat(case.at("link")).kind is Kind.FILE


def test_beginning_again_with_the_same_key_starts_from_nothing(case: Case) -> None:
    lost = case.begin(case.at("file"), 10)
    case.provider.put_part(lost, 0, 0, [b"0123456789"])
    upload = case.begin(case.at("file"), 3)
    receipt = case.provider.put_part(upload, 0, 0, [b"new"])
    case.provider.finish(upload, [receipt], replacing=None)
    assert case.get(case.at("file")) == b"new"
    assert case.names() == ["file"]


def test_planted_link_is_not_written_through(case: Case) -> None:
    case.put(case.at("precious"), b"precious")
    upload = case.begin(case.at("file"), 3)
    staged = case.provider.staged(upload)
    if staged is None:
        pytest.skip("this place shows no unfinished bytes")
    case.provider.delete(staged)
    case.make_link(staged, "precious")
    case.overwrite(case.at("file"), b"new")
    assert case.get(case.at("precious")) == b"precious"
    assert case.get(case.at("file")) == b"new"


def test_upload_goes_on_in_another_process(case: Case) -> None:
    upload = case.begin(case.at("file"), len(WHOLE))
    first = _put_parts(case, upload, [0, 1])
    held = case.provider.parts(upload)
    assert held is None or sorted(held) == [0, 1]
    other = case.again()
    rest = [other.put_part(upload, i, i * PART, [PARTS[i]]) for i in (2, 3)]
    other.finish(upload, first + rest, replacing=None)
    assert read(other, case.at("file")) == WHOLE


@needs("unfinished")
def test_abort_leaves_nothing_and_may_be_repeated(case: Case) -> None:
    upload = case.begin(case.at("file"), 5)
    case.provider.put_part(upload, 0, 0, [b"12345"])
    case.provider.abort(upload)
    case.provider.abort(upload)
    assert case.names() == []


def _told(entry: Entry) -> Entry:
    """What it is of a file: a place may know digests of one that it has just got."""
    return Entry(
        entry.path,
        entry.name,
        entry.kind,
        size=entry.size,
        modified=entry.modified,
        mode=entry.mode,
        version=entry.version,
    )


@pytest.mark.parametrize("replacing", [None, ANY_VERSION])
def test_finish_whose_answer_was_lost_may_be_repeated(case: Case, replacing: str | None) -> None:
    upload = case.begin(case.at("file"), 5, modified=1_600_000_000)
    receipt = case.provider.put_part(upload, 0, 0, [b"12345"])
    first = case.provider.finish(upload, [receipt], replacing=replacing)
    again = case.again().finish(upload, [receipt], replacing=replacing, again=True)
    assert _told(again) == _told(first)
    assert case.names() == ["file"]


def test_repeated_finish_of_a_replaced_version_returns_the_entry(case: Case) -> None:
    old = case.put(case.at("file"), b"old")
    upload = case.begin(case.at("file"), 5, modified=1_600_000_000)
    receipt = case.provider.put_part(upload, 0, 0, [b"12345"])
    first = case.provider.finish(upload, [receipt], replacing=old.version)
    again = case.provider.finish(upload, [receipt], replacing=old.version, again=True)
    assert _told(again) == _told(first)


@needs("unfinished")
def test_an_old_file_that_looks_like_the_new_one_is_not_taken_for_it(case: Case) -> None:
    """The unfinished bytes vanish (a cleaner, a sync tool) just before they get their name."""
    old = case.put(case.at("file"), b"older", modified=1_600_000_000)
    upload = case.begin(case.at("file"), 5, modified=1_600_000_000)
    receipt = case.provider.put_part(upload, 0, 0, [b"newer"])
    case.provider.abort(upload)
    with fails(ProviderError):
        case.provider.finish(upload, [receipt], replacing=old.version)
    assert case.get(case.at("file")) == b"older"


@needs("unfinished")
def test_finish_of_an_aborted_upload_fails(case: Case) -> None:
    upload = case.begin(case.at("file"), 5)
    receipt = case.provider.put_part(upload, 0, 0, [b"12345"])
    case.provider.abort(upload)
    with fails(ProviderError):
        case.provider.finish(upload, [receipt], replacing=ANY_VERSION)
    assert case.names() == []


def test_time_is_kept(case: Case) -> None:
    entry = case.put(case.at("file"), b"x", modified=1_234_567_890.5)
    if entry.modified is None or not case.times:
        pytest.skip("this place keeps no times")
    assert entry.modified == pytest.approx(1_234_567_890.5, abs=1)
    assert case.provider.stat(case.at("file")).modified == entry.modified


def test_a_listing_tells_the_time_that_was_given_where_that_is_promised(case: Case) -> None:
    case.put(case.at("file"), b"x", modified=1_234_567_890.5)
    [entry] = case.entries(case.root)
    if not case.provider.caps.keeps_modified:
        pytest.skip("listings here may tell when a file was stored")
    assert case.times and entry.modified == pytest.approx(1_234_567_890.5, abs=1)


@pytest.mark.parametrize(("asked", "given"), [(0o640, 0o640), (0o6755, 0o755), (0o1600, 0o600)])
def test_mode_is_kept_without_special_bits(case: Case, asked: int, given: int) -> None:
    entry = case.put(case.at("file"), b"x", mode=asked)
    if entry.mode is None or not case.modes:
        pytest.skip("this place has no modes")
    assert entry.mode == given


@needs("folders")
def test_upload_into_a_missing_directory_is_not_found(case: Case) -> None:
    with fails(NotFound):
        case.put(case.at("missing", "file"), b"x")


def test_upload_to_a_name_that_is_too_long_is_refused(case: Case) -> None:
    long = "n" * 300
    if not case.serves(long):
        pytest.skip("this place shows what it could not store")
    try:
        case.put(case.at(long), b"x")
    except ProviderError as error:
        assert isinstance(error, InvalidName) and str(error).isprintable()
        assert case.names() == []
    else:
        assert case.names() == [long]


def test_threads_upload_at_once(case: Case) -> None:
    start = Barrier(2)

    def upload(thread: int) -> None:
        start.wait(timeout=30)
        for number in range(3):
            key = f"{thread}{number}".rjust(8, "0")
            case.put(case.at(f"{thread}-{number}"), PARTS[number], key=key)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(upload, (0, 1)))
    for thread in (0, 1):
        for number in range(3):
            assert case.get(case.at(f"{thread}-{number}")) == PARTS[number]


@needs("unfinished")
def test_two_uploads_to_one_name_do_not_mix(case: Case) -> None:
    first = case.begin(case.at("file"), 3, key=KEY)
    second = case.begin(case.at("file"), 3, key="0000beef")
    one = case.provider.put_part(first, 0, 0, [b"one"])
    two = case.provider.put_part(second, 0, 0, [b"two"])
    case.provider.finish(first, [one], replacing=None)
    with fails(AlreadyExists):
        case.provider.finish(second, [two], replacing=None)
    case.provider.abort(second)
    assert case.get(case.at("file")) == b"one"
    assert case.names() == ["file"]


@needs("copies")
def test_a_file_is_copied_by_its_place(case: Case) -> None:
    assert isinstance(case.provider, Copier)
    source = case.put(case.at("source"), PARTS[-1])
    upload = case.begin(case.at("copy"), len(PARTS[-1]))
    receipts = case.provider.copy_into(upload, source.path, version=source.version)
    assert "copy" not in case.names(), "it has no name before it is finished"
    assert case.provider.finish(upload, receipts, replacing=None).size == len(PARTS[-1])
    assert case.get(case.at("copy")) == case.get(case.at("source")) == PARTS[-1]
    assert case.names() == ["copy", "source"]


@needs("copies")
def test_another_version_than_the_one_asked_for_is_not_copied(case: Case) -> None:
    assert isinstance(case.provider, Copier)
    case.put(case.at("source"), b"old")
    upload = case.begin(case.at("copy"), 3)
    with fails(SourceChanged):
        case.provider.copy_into(upload, case.at("source"), version="another")
    case.provider.abort(upload)
    assert case.names() == ["source"]
