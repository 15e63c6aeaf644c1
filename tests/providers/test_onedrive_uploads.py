"""Upload sessions: what is journaled of them, how they go on, what they leave behind."""

from __future__ import annotations

import json
import logging
import random
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from providers.base import ANY_VERSION
from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    Denied,
    NotFound,
    SourceChanged,
    TargetChanged,
    Throttled,
    Unsupported,
    UploadExpired,
)
from providers.onedrive import fragments
from providers.onedrive.fragments import MULTIPLE
from providers.onedrive.provider import OneDriveProvider
from providers.sandbox.graph import uploading
from tests.providers.drives import KEY, PROFILES, Drive, a_drive
from tests.servers.drive_place import open_drive

DATA = random.Random(3).randbytes(3 * MULTIPLE + 17)
PARTS = [DATA[start : start + MULTIPLE] for start in range(0, len(DATA), MULTIPLE)]


@pytest.fixture(params=PROFILES)
def drive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Drive]:
    with a_drive(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Drive]:
    with a_drive("business", tmp_path) as made:
        yield made


def _begun(place: OneDriveProvider, path: str = "/file", key: str = KEY) -> str:
    return place.begin(path, len(DATA), key=key, part_size=MULTIPLE)


def _put(place: OneDriveProvider, upload: str, *numbers: int) -> list[str]:
    return [place.put_part(upload, n, n * MULTIPLE, [PARTS[n]]) for n in numbers]


def test_the_token_does_not_hold_the_address_that_it_needs(
    drive: Drive, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    upload = _begun(drive.place)
    _put(drive.place, upload, 0)
    told = f"{upload} {caplog.text} {drive.place!r} {json.loads(upload)!r}"
    assert "tempauth" not in told and "/upload/" not in told and drive.server.cdn_base not in told


def test_an_upload_goes_on_in_another_process_of_the_same_home(drive: Drive) -> None:
    upload = _begun(drive.place)
    first = _put(drive.place, upload, 0, 1)
    with closing(open_drive(drive.server, drive.home)) as other:
        held = other.parts(upload)
        assert held == dict(enumerate(first))
        rest = _put(other, upload, 2, 3)
        other.finish(upload, first + rest, replacing=None)
    assert drive.server.content("/file") == DATA
    assert sum(how == "PUT" and "/upload/" in path for _, how, path in drive.server.asked) == 4


def test_a_home_with_another_key_begins_anew(drive: Drive, tmp_path: Path) -> None:
    upload = _begun(drive.place)
    other = open_drive(drive.server, tmp_path / "other")
    with closing(other), pytest.raises(UploadExpired):
        other.parts(upload)


@pytest.mark.parametrize("token", ["", "{}", "null", '{"path": 3}', "[1]"])
def test_a_token_that_is_none_begins_anew(drive: Drive, token: str) -> None:
    with pytest.raises(UploadExpired):
        drive.place.finish(token, [], replacing=None)


def test_an_upload_that_is_given_up_ends_its_session(drive: Drive) -> None:
    upload = _begun(drive.place)
    _put(drive.place, upload, 0)
    assert drive.server.open_sessions == 1
    drive.place.abort(upload)
    drive.place.abort(upload)
    assert drive.server.open_sessions == 0


def test_beginning_again_with_a_key_ends_the_first_session(drive: Drive) -> None:
    _begun(drive.place)
    _begun(drive.place)
    assert drive.server.open_sessions == 1
    drive.place.abandon("/file", key=KEY)
    assert drive.server.open_sessions == 0


def test_a_session_that_expired_is_begun_anew(drive: Drive) -> None:
    upload = _begun(drive.place)
    _put(drive.place, upload, 0)
    drive.server.expire_sessions()
    with pytest.raises(UploadExpired):
        _put(drive.place, upload, 1)
    with pytest.raises(UploadExpired):
        drive.place.parts(upload)
    drive.place.abort(upload)


def test_a_session_that_not_every_host_has_heard_of_is_waited_for_once(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fragments, "HEARD", 0.01)
    upload = _begun(drive.place)
    drive.server.fail(404, where="cdn", method="PUT")
    receipts = _put(drive.place, upload, 0, 1, 2, 3)
    assert drive.place.finish(upload, receipts, replacing=None).size == len(DATA)
    drive.server.fail(404, where="cdn", method="PUT")
    assert drive.put("/small", b"x", modified=1_600_000_000).size == 1
    upload = _begun(drive.place, "/other")
    drive.server.fail(404, where="cdn", method="PUT", times=2)
    with pytest.raises(UploadExpired):
        _put(drive.place, upload, 0)


def test_a_permit_that_ended_is_begun_anew(drive: Drive) -> None:
    upload = _begun(drive.place)
    drive.server.kill_sessions()
    with pytest.raises(UploadExpired, match="permit"):
        _put(drive.place, upload, 0)


def test_bytes_that_the_service_lost_are_noticed(drive: Drive) -> None:
    upload = _begun(drive.place)
    with pytest.raises(UploadExpired, match="lost"):
        _put(drive.place, upload, 1)


def test_a_service_that_has_more_than_the_file_is_not_believed(drive: Drive) -> None:
    upload = _begun(drive.place)
    drive.server.fail(
        200, body=b'{"nextExpectedRanges": ["9999999999999-"]}', where="cdn", method="GET"
    )
    with pytest.raises(UploadExpired):
        drive.place.parts(upload)


def test_ranges_may_be_told_with_their_ends(drive: Drive) -> None:
    drive.server.world.sessions.closed_ranges = True
    upload = _begun(drive.place)
    receipts = _put(drive.place, upload, 0, 1)
    assert drive.place.parts(upload) == dict(enumerate(receipts))
    receipts += _put(drive.place, upload, 2, 3)
    assert drive.place.finish(upload, receipts, replacing=None).size == len(DATA)


def test_a_service_that_does_not_put_off_the_name_is_understood(drive: Drive) -> None:
    upload = _begun(drive.place)
    for session in drive.server.world.sessions.open:
        session.deferred = False
    receipts = _put(drive.place, upload, 0, 1, 2, 3)
    assert drive.place.finish(upload, receipts, replacing=None).size == len(DATA)
    assert drive.server.content("/file") == DATA


def test_nobody_sees_a_large_file_before_it_gets_its_name(drive: Drive) -> None:
    drive.server.put("/old", b"old")
    for path, key in (("/file", KEY), ("/old", "0000beef")):
        upload = _begun(drive.place, path, key)
        receipts = _put(drive.place, upload, 0, 1, 2, 3)
        assert "file" not in drive.names("/") and drive.server.content("/old") == b"old"
        drive.place.abort(upload)
        assert len(receipts) == 4
    assert drive.server.content("/old") == b"old"


def test_a_file_whose_size_is_not_known_goes_in_one_piece_or_not(drive: Drive) -> None:
    upload = drive.place.begin("/file", None, key=KEY, part_size=MULTIPLE)
    receipt = drive.place.put_part(upload, 0, 0, [PARTS[0]])
    with pytest.raises(Unsupported):
        drive.place.put_part(upload, 1, MULTIPLE, [b"more"])
    assert drive.place.finish(upload, [receipt], replacing=None).size == MULTIPLE


def test_more_bytes_than_were_announced_are_not_sent(drive: Drive) -> None:
    upload = _begun(drive.place)
    with pytest.raises(SourceChanged):
        drive.place.put_part(upload, 0, 0, [DATA, b"more"])
    assert not any("/upload/" in path and how == "PUT" for _, how, path in drive.server.asked)


def test_a_folder_that_went_away_is_not_made_in_its_place(drive: Drive) -> None:
    drive.server.make_folder("/folder")
    upload = drive.place.begin("/folder/file", 1, key=KEY, part_size=MULTIPLE)
    receipt = drive.place.put_part(upload, 0, 0, [b"x"])
    drive.server.remove("/folder")
    with pytest.raises(NotFound):
        drive.place.finish(upload, [receipt], replacing=None)
    assert "folder" not in drive.names("/")


def test_what_changed_since_is_not_replaced_by_a_large_file(drive: Drive) -> None:
    old = drive.put("/file", b"old")
    upload = _begun(drive.place)
    receipts = _put(drive.place, upload, 0, 1, 2, 3)
    drive.server.put("/file", b"changed since")
    with pytest.raises(TargetChanged):
        drive.place.finish(upload, receipts, replacing=old.version)
    assert drive.server.content("/file") == b"changed since"


def test_what_is_replaced_is_what_was_looked_at_also_when_folders_change_places(
    drive: Drive,
) -> None:
    """On a personal drive a tag stays when its file is moved."""
    drive.server.put("/folder/file", b"agreed on")
    version = drive.place.stat("/folder/file").version
    upload = drive.place.begin("/folder/file", 1, key=KEY, part_size=MULTIPLE)
    receipt = drive.place.put_part(upload, 0, 0, [b"x"])
    drive.place.rename("/folder", "/other")
    drive.place.make_dir("/folder")
    drive.place.rename("/other/file", "/folder/file")
    drive.server.put("/other/file", b"precious")
    with pytest.raises(TargetChanged):
        drive.place.finish(upload, [receipt], replacing=version)
    assert drive.server.content("/other/file") == b"precious"


@pytest.mark.parametrize("size", [5, 3 * MULTIPLE])
def test_a_document_without_a_time_that_others_put_there_is_not_taken_for_ours(
    business: Drive, size: int
) -> None:
    """A library changes documents, so that size and digest do not tell them apart."""
    data = DATA[:size]
    upload = business.place.begin("/a.docx", size, key=KEY, part_size=1 << 20)
    receipt = business.place.put_part(upload, 0, 0, [data])
    business.server.put("/a.docx", b"somebody else's")
    with pytest.raises(AlreadyExists):
        business.place.finish(upload, [receipt], replacing=None, again=True)
    assert business.server.content("/a.docx") == b"somebody else's"


@pytest.mark.parametrize("size", [0, 5, len(DATA)])
def test_a_file_that_the_service_stored_under_another_name_is_told_of(
    drive: Drive, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = drive.place.begin("/file", size, key=KEY, part_size=10 << 20)
    drive.place.put_part(upload, 0, 0, [DATA[:size]])
    drive.server.put("/file", b"somebody else's")
    store = uploading.store
    monkeypatch.setattr(uploading, "_check_replaceable", lambda *_: None)
    monkeypatch.setattr(uploading, "store", lambda *given: store(*given[:-1], "rename"))
    with pytest.raises(Denied, match="file 1"):
        drive.place.finish(upload, [], replacing=None)
    assert drive.server.content("/file") == b"somebody else's"


@pytest.mark.parametrize("size", [5, len(DATA)])
@pytest.mark.parametrize("there", [False, True])
def test_a_document_of_that_very_second_is_not_taken_for_one_that_still_waits(
    business: Drive, size: int, there: bool
) -> None:
    old = business.put("/a.docx", b"agreed on").version if there else None
    when = business.server.clock.now().timestamp()
    upload = business.place.begin("/a.docx", size, key=KEY, part_size=MULTIPLE, modified=when)
    receipt = business.place.put_part(upload, 0, 0, [DATA[:size]])
    business.server.fail(500, where="cdn", method="PUT" if size == 5 else "POST")
    business.server.fail(500, where="graph", method="PUT")
    with pytest.raises(ConnectionLost):
        business.place.finish(upload, [receipt], replacing=old)
    business.server.put("/a.docx", b"somebody else's")
    with pytest.raises((AlreadyExists, TargetChanged)):
        business.place.finish(upload, [receipt], replacing=old, again=True)
    assert business.server.content("/a.docx") == b"somebody else's"


@pytest.mark.parametrize("size", [0, 5, len(DATA)])
def test_a_name_may_come_back_in_another_unicode_form(
    drive: Drive, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = unicodedata.normalize("NFD", "Pläne")
    store = uploading.store

    def composed(world: Any, tree: Any, above: Any, name: str, *more: Any) -> Any:
        return store(world, tree, above, unicodedata.normalize("NFC", name), *more)

    monkeypatch.setattr(uploading, "store", composed)
    upload = drive.place.begin(f"/{name}", size, key=KEY, part_size=10 << 20)
    receipt = drive.place.put_part(upload, 0, 0, [DATA[:size]])
    assert drive.place.finish(upload, [receipt], replacing=None).size == size


def test_replacing_keeps_the_history_of_a_file(drive: Drive) -> None:
    drive.put("/file", b"old")
    upload = _begun(drive.place)
    receipts = _put(drive.place, upload, 0, 1, 2, 3)
    drive.place.finish(upload, receipts, replacing=ANY_VERSION)
    assert [each.entry.size for page in drive.place.revisions("/file") for each in page] == [
        len(DATA),
        3,
    ]


def test_the_hosts_of_fragments_may_want_a_rest_as_well(drive: Drive) -> None:
    upload = _begun(drive.place)
    drive.server.fail(429, headers={"Retry-After": "600"}, where="cdn", method="PUT")
    with pytest.raises(Throttled):
        _put(drive.place, upload, 0)
    with pytest.raises(Throttled):
        drive.place.stat("/Documents")


def test_a_download_that_drips_is_ended_from_outside(drive: Drive) -> None:
    drive.server.put("/file", DATA)
    drive.server.slow_download(1000, 0.05)
    came = threading.Event()
    failed: list[BaseException] = []

    def read() -> None:
        try:
            with drive.place.read("/file") as reader:
                for _ in reader.chunks():
                    came.set()
        except ConnectionLost as error:
            failed.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    assert came.wait(30)
    drive.place.interrupt(thread.ident or 0)
    thread.join(30)
    assert not thread.is_alive() and len(failed) == 1
