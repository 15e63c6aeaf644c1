"""What is changed on a drive: names, the recycle bin, copies, versions, links to others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from providers.base import ANY_VERSION, Kind
from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    Denied,
    NotEmpty,
    NotFound,
    ProviderError,
    SourceChanged,
    Unsupported,
)
from providers.names import is_temporary
from providers.sandbox.graph import copying as emulated
from tests.providers.drives import KEY, PROFILES, Drive, a_drive

WHEN = 1_600_000_000.0


@pytest.fixture(params=PROFILES)
def drive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Drive]:
    with a_drive(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Drive]:
    with a_drive("business", tmp_path) as made:
        yield made


def test_what_is_removed_goes_to_the_recycle_bin(drive: Drive) -> None:
    drive.server.put("/file", b"x")
    drive.place.delete("/file")
    assert drive.server.recycled == ["file"]


def test_a_tree_goes_to_the_recycle_bin_in_one_step(drive: Drive) -> None:
    drive.server.put("/tree/a/b", b"x")
    assert list(drive.place.remove_tree("/tree")) == [None]
    assert drive.server.recycled == ["tree"]
    (error,) = drive.place.remove_tree("/tree")
    assert isinstance(error, NotFound)


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"{}",
        b'{"value": null}',
        b'{"value": ["x"]}',
        b'{"value": [{"name": "x", "file": {}}]}',
        b'{"value": [{"id": "1", "name": "..", "file": {}}]}',
    ],
)
def test_a_folder_whose_list_cannot_be_read_is_not_taken_for_an_empty_one(
    drive: Drive, page: bytes
) -> None:
    drive.server.put("/folder/precious", b"x")
    drive.server.fail(200, body=page, path="children")
    with pytest.raises((ConnectionLost, NotEmpty)):
        drive.place.delete("/folder")
    assert drive.server.content("/folder/precious") == b"x"


def test_the_drive_itself_is_not_removed(drive: Drive) -> None:
    (error,) = drive.place.remove_tree("/")
    assert isinstance(error, Unsupported)
    with pytest.raises(Unsupported):
        drive.place.delete("/")


def test_letter_case_of_a_name_may_be_changed_and_its_time_stays(drive: Drive) -> None:
    drive.put("/file", b"x", modified=WHEN)
    drive.place.rename("/file", "/FILE")
    entry = drive.place.stat("/FILE")
    assert (entry.name, entry.modified) == ("FILE", WHEN)


def test_nothing_is_moved_over_a_file_of_another_case(drive: Drive) -> None:
    drive.server.put("/a", b"a")
    drive.server.put("/B", b"b")
    with pytest.raises(AlreadyExists):
        drive.place.rename("/a", "/b")
    assert drive.server.content("/B") == b"b"


def test_what_is_moved_to_another_drive_has_to_be_copied(drive: Drive) -> None:
    drive.server.put("/file", b"x")
    with pytest.raises(Unsupported):
        drive.place.rename("/file", "/:Shared with me/Ann's papers/file")


def test_what_somebody_has_open_says_so(drive: Drive) -> None:
    drive.server.put("/file", b"x")
    drive.server.lock("/file")
    with pytest.raises(Denied, match="locked"):
        drive.place.delete("/file")
    with pytest.raises(Denied, match="locked"):
        drive.put("/file", b"new")


def test_a_small_file_makes_one_version_with_its_time(drive: Drive) -> None:
    entry = drive.put("/file", b"x", modified=WHEN)
    assert entry.modified == WHEN
    pages = list(drive.place.revisions("/file"))
    assert sum(len(page) for page in pages) == 1


def test_a_name_that_the_service_refuses_is_told_as_that(business: Drive) -> None:
    with pytest.raises(ProviderError):
        business.place.make_dir("/forms")
    with pytest.raises(ProviderError) as caught:
        business.place.make_dir("/" + "/".join(["n" * 200] * 2))
    assert str(caught.value).isprintable()


def _copied(drive: Drive, source: str, target: str) -> None:
    entry = drive.place.stat(source)
    upload = drive.place.begin(
        target, entry.size, key=KEY, part_size=10 << 20, modified=entry.modified
    )
    receipts = drive.place.copy_into(upload, source, version=entry.version)
    drive.place.finish(upload, receipts, replacing=None)


def test_a_copy_takes_its_time_and_keeps_that_of_the_file(drive: Drive) -> None:
    drive.put("/file", b"content", modified=WHEN)
    drive.server.habits.copy_seconds = 0.4
    _copied(drive, "/file", "/Documents/copy")
    entry = drive.place.stat("/Documents/copy")
    assert (entry.size, entry.modified) == (7, WHEN)
    assert drive.names("/Documents") == ["copy"]


def test_a_large_copy_leaves_no_session_open(drive: Drive) -> None:
    drive.server.put("/file", bytes(5 << 20))
    _copied(drive, "/file", "/copy")
    assert drive.server.open_sessions == 0
    assert drive.get("/copy") == bytes(5 << 20)


def test_a_rename_whose_answer_was_lost_is_found_done(drive: Drive) -> None:
    drive.server.put("/file", b"x")
    drive.server.lose_answer(method="PATCH")
    drive.place.rename("/file", "/Documents/other")
    assert drive.names("/Documents") == ["other"]


def test_a_rename_that_did_not_happen_is_lost(drive: Drive) -> None:
    drive.server.put("/file", b"x")
    drive.server.drop_request(0, where="graph", method="PATCH")
    with pytest.raises(ConnectionLost):
        drive.place.rename("/file", "/other")
    assert "file" in drive.names("/")


def test_a_change_of_letters_that_did_not_happen_is_lost(drive: Drive) -> None:
    drive.server.put("/file", b"x")
    drive.server.drop_request(0, where="graph", method="PATCH")
    with pytest.raises(ConnectionLost):
        drive.place.rename("/file", "/FILE")
    assert "file" in drive.names("/")


def test_an_answer_that_tells_of_no_new_name_is_no_proof_of_one(drive: Drive) -> None:
    drive.server.put("/file", b"x")
    drive.server.fail(200, body=b"{}", method="PATCH")
    with pytest.raises(ConnectionLost):
        drive.place.rename("/file", "/Documents/file")
    assert "file" in drive.names("/")


def test_a_copy_whose_end_is_a_redirect_is_done(drive: Drive) -> None:
    drive.put("/file", b"content")
    drive.server.habits.copy_ends_with_303 = True
    _copied(drive, "/file", "/copy")
    assert drive.get("/copy") == b"content"


@pytest.mark.parametrize("told", [b"{}", b'{"id": "1", "name": "copy"}'])
def test_a_copy_of_whose_end_nothing_is_said_is_looked_at(drive: Drive, told: bytes) -> None:
    drive.put("/file", b"content")
    drive.server.fail(200, body=told, where="cdn", path="/monitor/", times=1000)
    _copied(drive, "/file", "/copy")
    assert drive.get("/copy") == b"content"


def test_a_copy_that_does_not_go_on_is_not_waited_for_for_ever(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive.put("/file", b"content")
    drive.server.habits.copy_seconds = 1e9
    pauses: list[float] = []
    monkeypatch.setattr(drive.place._session, "pause", pauses.append)
    with pytest.raises(ConnectionLost):
        _copied(drive, "/file", "/copy")
    assert 300 < sum(pauses) < 3600


def test_a_copy_with_other_bytes_is_none(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    drive.put("/file", b"content")
    made = emulated._copied

    def damaged(*given: Any) -> Any:
        item = made(*given)
        given[2].put(item, b"CONTENT")
        return item

    monkeypatch.setattr(emulated, "_copied", damaged)
    with pytest.raises(Unsupported):
        _copied(drive, "/file", "/copy")
    assert not any(is_temporary(name) for name in drive.names("/"))


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_copy_that_is_not_told_of_any_more_is_looked_at(drive: Drive, status: int) -> None:
    drive.put("/file", b"content")
    drive.server.fail(status, where="cdn", path="/monitor/")
    _copied(drive, "/file", "/copy")
    assert drive.get("/copy") == b"content"


def test_a_copy_that_the_service_cannot_make_is_sent_as_bytes(drive: Drive) -> None:
    drive.put("/file", b"content")
    drive.server.habits.copy_error = "generalException"
    with pytest.raises(Unsupported):
        _copied(drive, "/file", "/copy")
    assert "copy" not in drive.names("/")


def test_what_has_a_history_is_replaced_by_bytes_not_by_a_copy(drive: Drive) -> None:
    drive.put("/file", b"content")
    drive.put("/copy", b"old")
    with pytest.raises(Unsupported):
        _copied(drive, "/file", "/copy")


def test_a_copy_that_was_given_up_leaves_nothing(drive: Drive) -> None:
    entry = drive.put("/file", b"content")
    upload = drive.place.begin("/copy", 7, key=KEY, part_size=10 << 20)
    drive.place.copy_into(upload, "/file", version=entry.version)
    assert any(is_temporary(name) for name in drive.names("/"))
    drive.place.abort(upload)
    assert not any(is_temporary(name) for name in drive.names("/"))


def test_a_copy_of_which_only_path_and_key_are_known_is_found(drive: Drive) -> None:
    entry = drive.put("/file", b"content")
    upload = drive.place.begin("/copy", 7, key=KEY, part_size=10 << 20)
    drive.place.copy_into(upload, "/file", version=entry.version)
    drive.place.abandon("/copy", key=KEY)
    assert not any(is_temporary(name) for name in drive.names("/"))


def test_a_source_that_changed_is_not_copied(drive: Drive) -> None:
    entry = drive.put("/file", b"content")
    drive.server.put("/file", b"changed")
    upload = drive.place.begin("/copy", 7, key=KEY, part_size=10 << 20)
    with pytest.raises(SourceChanged):
        drive.place.copy_into(upload, "/file", version=entry.version)


def test_what_a_file_has_been_is_listed_and_read(drive: Drive) -> None:
    for text in (b"one", b"two!", b"three"):
        drive.put("/file", text)
    (page,) = drive.place.revisions("/file")
    assert [each.entry.size for each in page] == [5, 4, 3]
    assert [each.current for each in page] == [True, False, False]
    assert [drive.get(each.entry.path) for each in page] == [b"three", b"two!", b"one"]
    assert drive.get(page[2].entry.path, offset=1) == b"ne"
    assert drive.place.stat(page[1].entry.path).size == 4
    with pytest.raises(NotFound):
        drive.place.stat("/?version=99.0/file")


def test_an_earlier_version_is_removed_where_the_service_lets_it(business: Drive) -> None:
    business.put("/file", b"one")
    business.put("/file", b"two")
    (page,) = business.place.revisions("/file")
    with pytest.raises(Unsupported):
        business.place.delete(page[0].entry.path)
    business.place.delete(page[1].entry.path)
    (left,) = business.place.revisions("/file")
    assert len(left) == 1
    assert business.get("/file") == b"two"


def test_an_earlier_version_is_brought_back_by_copying_it(drive: Drive) -> None:
    drive.put("/file", b"one")
    drive.put("/file", b"two")
    (page,) = drive.place.revisions("/file")
    drive.put("/file", drive.get(page[1].entry.path))
    assert drive.get("/file") == b"one"


def test_a_link_for_others_is_a_secret(drive: Drive) -> None:
    drive.put("/file", b"x")
    link = drive.place.share("/file", 3600)
    assert link.url.startswith("https://") and link.url not in repr(link)


def test_where_no_link_is_for_everybody_it_is_for_the_organization(business: Drive) -> None:
    business.put("/file", b"x")
    business.server.habits.anonymous_links = False
    assert business.place.share("/file", 3600).url


def test_what_the_service_says_of_a_file_has_no_address_that_reads_it(drive: Drive) -> None:
    drive.put("/file", b"x")
    told = {each.name: each.value for each in drive.place.properties("/file")}
    assert told["name"] == "file" and told["file.mimeType"]
    assert not any("tempauth" in value or "download" in name for name, value in told.items())


def test_a_document_is_one_that_a_library_may_change(business: Drive) -> None:
    entry = business.put("/report.docx", b"content")
    assert business.place.rewrites(entry)
    assert not business.place.rewrites(business.put("/file.bin", b"content"))


def test_a_folder_is_no_link_and_keeps_no_version(drive: Drive) -> None:
    entry = drive.place.stat("/Documents")
    assert (entry.kind, entry.version, entry.size) == (Kind.DIR, None, None)


def test_a_mode_of_replacing_holds_for_every_size(drive: Drive) -> None:
    for size in (0, 5, 700_000):
        upload = drive.place.begin("/file", size, key=KEY, part_size=327_680)
        data = bytes(size)
        receipts = [
            drive.place.put_part(upload, number, start, [data[start : start + 327_680]])
            for number, start in enumerate(range(0, size or 1, 327_680))
        ]
        with pytest.raises(AlreadyExists):
            drive.server.put("/file", b"in the way")
            drive.place.finish(upload, receipts, replacing=None)
        assert drive.server.content("/file") == b"in the way"
        assert drive.place.finish(upload, receipts, replacing=ANY_VERSION).size == size
        assert drive.server.content("/file") == data
        drive.server.remove("/file")
