"""Large files to Nextcloud go in chunks, and go on where they were cut off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.base import ANY_VERSION, Parts, Place
from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    Denied,
    NotFound,
    TargetChanged,
    UploadExpired,
)
from providers.http.webdav import nextcloud
from providers.http.webdav.provider import WebdavProvider
from tests.servers.nextcloud import FILES, UPLOADS, Nextcloud
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.servers.webdav_place import open_webdav, webdav
from tests.transfers.queue_case import LEFT, QueueCase
from transfers.model import Job, JobState, NewJob, Op, ProofWord, Verify

KEY = "0badcafe"
PART = 64 << 10
DATA = os.urandom(3 * PART + 77)
PIECES = [DATA[start : start + PART] for start in range(0, len(DATA), PART)]
PATH = f"{FILES}/file"
FOLDER = f"{UPLOADS}/wharfie-{KEY}"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Nextcloud:
    small = Parts(order="sequential", min_size=PART, max_size=PART, max_count=10_000)
    monkeypatch.setattr(nextcloud, "PARTS", small)
    return Nextcloud(smallest=PART)


@pytest.fixture
def server(cloud: Nextcloud) -> Iterator[ScriptedHttp]:
    with ScriptedHttp(cloud) as server:
        yield server


@pytest.fixture
def place(server: ScriptedHttp) -> Iterator[WebdavProvider]:
    with webdav(server.port) as opened:
        yield opened


def begin(place: WebdavProvider, path: str = PATH, size: int | None = len(DATA)) -> str:
    return place.begin(path, size, key=KEY, part_size=PART, modified=1_234_567_890.5)


def put(place: WebdavProvider, token: str, *numbers: int) -> list[str]:
    return [place.put_part(token, n, n * PART, [PIECES[n][:9], PIECES[n][9:]]) for n in numbers]


def test_large_file_is_put_together_from_its_chunks(
    cloud: Nextcloud, server: ScriptedHttp, place: WebdavProvider
) -> None:
    token = begin(place)
    receipts = put(place, token, 0, 1, 2, 3)
    assert (cloud.files, place.staged(token)) == ({}, None)
    entry = place.finish(token, receipts, replacing=None)
    assert (entry.path, entry.size) == (PATH, len(DATA))
    assert (cloud.files, cloud.uploads) == ({PATH: DATA}, {})
    assert cloud.times[PATH] == "1234567890"
    assert all("content-length" in ask.headers for ask in server.asked("PUT"))
    assert [ask.target for ask in server.asked("PUT")] == [f"{FOLDER}/0000{n}" for n in range(1, 5)]


def test_file_of_one_chunk_is_put_and_moved(cloud: Nextcloud, place: WebdavProvider) -> None:
    token = begin(place, size=PART)
    assert cloud.uploads == {}
    place.finish(token, [place.put_part(token, 0, 0, [PIECES[0]])], replacing=None)
    assert cloud.files == {PATH: PIECES[0]}


def test_times_are_kept_once_the_server_has_said_so_of_a_file(place: WebdavProvider) -> None:
    assert not place.caps.keeps_modified
    token = begin(place, size=PART)
    assert not place.caps.keeps_modified
    place.put_part(token, 0, 0, [PIECES[0]])
    assert place.caps.keeps_modified


def test_size_may_be_unknown(cloud: Nextcloud, place: WebdavProvider) -> None:
    token = begin(place, size=None)
    place.finish(token, put(place, token, 0, 1, 2, 3), replacing=None)
    assert cloud.files == {PATH: DATA}


def test_capabilities_tell_of_chunks_once_a_path_shows_a_nextcloud(place: WebdavProvider) -> None:
    assert place.caps.parts is not None and place.caps.parts.max_count == 1
    with pytest.raises(NotFound):
        place.stat(PATH)
    assert place.caps.parts == nextcloud.PARTS


def test_upload_goes_on_behind_the_chunks_that_the_server_holds(
    cloud: Nextcloud, server: ScriptedHttp, place: WebdavProvider
) -> None:
    token = begin(place)
    put(place, token, 0, 1)
    with webdav(server.port) as other:
        held = other.parts(token)
        assert held == {0: str(PART), 1: str(PART)}
        rest = put(other, token, 2, 3)
        other.finish(token, [*held.values(), *rest], replacing=None)
    assert cloud.files == {PATH: DATA}


def test_chunk_that_was_cut_is_sent_again(cloud: Nextcloud, place: WebdavProvider) -> None:
    def cut(ask: Ask, wire: Wire) -> bool:
        if ask.target.endswith("/00002"):
            cloud.uploads[FOLDER]["00002"] = ask.body[:100]
            cloud.before = lambda ask, wire: False
            wire.reset()
        return False

    token = begin(place)
    first = put(place, token, 0)
    cloud.before = cut
    with pytest.raises(ConnectionLost):
        put(place, token, 1)
    place.finish(token, first + put(place, token, 1, 2, 3), replacing=None)
    assert cloud.files == {PATH: DATA}


@pytest.mark.parametrize("receipts", [True, False], ids=["same process", "after a restart"])
def test_A8_name_whose_answer_was_lost_is_settled_by_looking(
    cloud: Nextcloud, place: WebdavProvider, receipts: bool
) -> None:
    def lose(ask: Ask, wire: Wire) -> bool:
        if ask.method == "MOVE":
            cloud.before = lambda ask, wire: False
            cloud.move(f"{FOLDER}/.file", ask, b"")
            wire.reset()
        return False

    token = begin(place)
    held = put(place, token, 0, 1, 2, 3)
    cloud.before = lose
    with pytest.raises(ConnectionLost):
        place.finish(token, held, replacing=None)
    held = held if receipts else []
    assert place.finish(token, held, replacing=None, again=True).size == len(DATA)
    assert cloud.files == {PATH: DATA}


def test_missing_chunk_is_no_file(cloud: Nextcloud, place: WebdavProvider) -> None:
    token = begin(place)
    held = put(place, token, 0, 1, 2, 3)
    del cloud.uploads[FOLDER]["00002"]
    with pytest.raises(UploadExpired):
        place.finish(token, held, replacing=None)
    assert cloud.files == {}


def test_upload_that_the_server_forgot_begins_again(
    cloud: Nextcloud, place: WebdavProvider
) -> None:
    token = begin(place)
    cloud.uploads.clear()
    with pytest.raises(UploadExpired):
        put(place, token, 0)
    with pytest.raises(UploadExpired):
        place.parts(token)
    with pytest.raises(UploadExpired):
        place.finish(token, [], replacing=None)


def test_only_what_was_agreed_on_is_replaced(cloud: Nextcloud, place: WebdavProvider) -> None:
    small = begin(place, size=3)
    place.finish(small, [place.put_part(small, 0, 0, [b"old"])], replacing=None)
    old = place.stat(PATH).version
    token = begin(place)
    held = put(place, token, 0, 1, 2, 3)
    with pytest.raises(AlreadyExists):
        place.finish(token, held, replacing=None)
    with pytest.raises(TargetChanged):
        place.finish(token, held, replacing='"other"')
    assert cloud.files == {PATH: b"old"}
    place.finish(token, held, replacing=old)
    assert cloud.files == {PATH: DATA}


@pytest.mark.parametrize("old", [False, True], ids=["appears", "changes"])
def test_what_happens_in_the_last_moment_is_not_replaced(
    cloud: Nextcloud, place: WebdavProvider, old: bool
) -> None:
    def meanwhile(ask: Ask, wire: Wire) -> bool:
        if ask.method == "MOVE":
            cloud.store(PATH, b"somebody else's", ask)
        return False

    if old:
        small = begin(place, size=3)
        place.finish(small, [place.put_part(small, 0, 0, [b"old"])], replacing=None)
    token = begin(place)
    held = put(place, token, 0, 1, 2, 3)
    cloud.before = meanwhile
    with pytest.raises(TargetChanged if old else AlreadyExists):
        place.finish(token, held, replacing=place.stat(PATH).version if old else None)
    assert cloud.files == {PATH: b"somebody else's"}


def test_beginning_again_empties_and_ending_leaves_nothing(
    cloud: Nextcloud, place: WebdavProvider
) -> None:
    put(place, begin(place), 0, 1)
    token = begin(place)
    assert cloud.uploads == {FOLDER: {}}
    put(place, token, 0)
    place.abort(token)
    place.abort(token)
    begin(place)
    place.abandon(PATH, key=KEY)
    place.abandon(PATH, key=KEY)
    assert (cloud.uploads, cloud.files) == ({}, {})
    with pytest.raises(UploadExpired):
        place.finish(token, [], replacing=ANY_VERSION)


def test_missing_folder_is_not_found(place: WebdavProvider) -> None:
    with pytest.raises(NotFound):
        begin(place, f"{FILES}/missing/file")


# Servers with such addresses and no chunks ------------------------------------------------------

NO_CHUNKS = [400, 403, 404, 405, 409, 501]


@pytest.mark.parametrize("status", NO_CHUNKS)
def test_large_file_goes_in_one_piece_where_no_chunks_are_taken(
    cloud: Nextcloud, server: ScriptedHttp, place: WebdavProvider, status: int
) -> None:
    cloud.refuses = status
    token = begin(place)
    assert place.caps.parts is not None and place.caps.parts.max_count == 1
    receipt = place.put_part(token, 0, 0, PIECES)
    assert place.finish(token, [receipt], replacing=None).size == len(DATA)
    assert cloud.files == {PATH: DATA}
    asked = len(server.asks)
    begin(place, f"{FILES}/other")
    assert all(UPLOADS not in ask.target for ask in server.asks[asked:]), "it asked once more"


@pytest.mark.parametrize("status", NO_CHUNKS)
def test_what_a_lost_upload_left_is_removed_where_no_chunks_are_taken(
    cloud: Nextcloud, server: ScriptedHttp, place: WebdavProvider, status: int
) -> None:
    cloud.refuses = status
    begin(place)
    with webdav(server.port) as other:
        other.abandon(PATH, key=KEY)
    assert cloud.files == {}


def test_chunks_that_are_there_and_may_not_be_removed_are_told_of(
    cloud: Nextcloud, place: WebdavProvider
) -> None:
    def refuse(ask: Ask, wire: Wire) -> bool:
        if ask.method == "DELETE" and ask.target.startswith(UPLOADS):
            wire.say(answer(403))
        return ask.method == "DELETE" and ask.target.startswith(UPLOADS)

    begin(place)
    cloud.before = refuse
    with pytest.raises(Denied):
        place.abandon(PATH, key=KEY)


def test_missing_folder_is_not_taken_for_a_server_without_chunks(
    cloud: Nextcloud, place: WebdavProvider
) -> None:
    with pytest.raises(NotFound):
        begin(place, f"{FILES}/missing/file")
    begin(place)
    assert list(cloud.uploads) == [FOLDER]


def test_server_that_took_chunks_once_is_not_thought_to_take_none(
    cloud: Nextcloud, place: WebdavProvider
) -> None:
    """Parts of other jobs are on their way: how files are cut must not change under them."""
    token = begin(place)
    cloud.refuses = 403
    with pytest.raises(UploadExpired):
        place.begin(f"{FILES}/other", len(DATA), key="0badbeef", part_size=PART)
    cloud.refuses = 0
    assert place.caps.parts == nextcloud.PARTS
    place.finish(token, put(place, token, 0, 1, 2, 3), replacing=None)
    assert cloud.files == {PATH: DATA}


def test_job_of_a_large_file_is_done_where_no_chunks_are_taken(
    cloud: Nextcloud, server: ScriptedHttp, tmp_path: Path
) -> None:
    cloud.refuses = 501
    job = copied(server, tmp_path)
    assert (job.state, cloud.files) == (JobState.DONE, {PATH: DATA})


# What the server says it received ---------------------------------------------------------------


@pytest.mark.parametrize("size", [PART, len(DATA)], ids=["one piece", "chunks"])
def test_bytes_that_came_otherwise_than_they_were_sent_are_sent_again(
    cloud: Nextcloud, server: ScriptedHttp, place: WebdavProvider, size: int
) -> None:
    def damaged(body: bytes) -> bytes:
        cloud.damage = lambda body: body
        return bytes([body[0] ^ 1]) + body[1:]

    token = begin(place, size=size)
    cloud.damage = damaged
    with pytest.raises(ConnectionLost, match="other bytes than were sent"):
        place.put_part(token, 0, 0, [PIECES[0]])
    receipts = put(place, token, *range(size // PART + (size % PART > 0)))
    place.finish(token, receipts, replacing=None)
    assert cloud.files == {PATH: DATA[:size]}
    assert {ask.headers["x-hash"] for ask in server.asked("PUT") if ask.body} == {"sha256"}


def test_our_own_digest_is_not_given_to_a_server_that_would_only_repeat_it(
    server: ScriptedHttp, tmp_path: Path
) -> None:
    """Nextcloud keeps what a client says (OC-Checksum), and tells it as its own word."""
    job = copied(server, tmp_path)
    assert job.proof is not None and job.proof.word is ProofWord.SIZE_ONLY
    assert all("oc-checksum" not in ask.headers for ask in server.asks)


def copied(server: ScriptedHttp, tmp_path: Path, verify: Verify = Verify.AUTO) -> Job:
    """The job that copied DATA to PATH."""
    case = QueueCase(tmp_path)
    endpoint = f"dav://127.0.0.1:{server.port}"
    case.places[endpoint] = place = open_webdav(server.port)
    case.left.put("/a", DATA)
    case.start()
    try:
        new = NewJob(Op.COPY, Place(LEFT, "/a"), Place(endpoint, PATH))
        (job,) = case.finish(*case.send_new(new, verify=verify))
    finally:
        case.close()
        place.close()
    return job


def test_job_whose_line_is_cut_sends_only_the_chunks_that_are_missing(
    cloud: Nextcloud, server: ScriptedHttp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(ask: Ask, wire: Wire) -> bool:
        if ask.method == "PUT" and ask.target.endswith("/00003"):
            cloud.before = lambda ask, wire: False
            wire.reset()
        return False

    monkeypatch.setattr("transfers.retry.FIRST_DELAY", 0.0)
    cloud.before = cut
    job = copied(server, tmp_path, Verify.STRONG)
    assert (job.state, cloud.files) == (JobState.DONE, {PATH: DATA})
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    chunks = [ask.target[-1] for ask in server.asked("PUT")]
    assert chunks == ["1", "2", "3", "3", "4"]
