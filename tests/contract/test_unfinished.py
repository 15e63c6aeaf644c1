"""Contract: uploads whose token was lost, links on the way to them, and room for them."""

from __future__ import annotations

import pytest

from providers.base import ANY_VERSION, Measured
from providers.errors import InvalidName, NotFound, ProviderError, WrongKind
from tests.contract.case import Case, fails, needs


@needs("unfinished")
def test_abandoned_upload_leaves_nothing(case: Case) -> None:
    upload = case.begin(case.at("file"), 5)
    case.provider.put_part(upload, 0, 0, [b"12345"])
    case.again().abandon(case.at("file"), key="0badcafe")
    assert case.names() == []


def test_abandoning_takes_nothing_else_away(case: Case) -> None:
    case.put(case.at("file"), b"old")
    case.put(case.at("other"), b"other")
    others = case.begin(case.at("file"), 3, key="0000beef")
    receipt = case.provider.put_part(others, 0, 0, [b"new"])
    case.begin(case.at("file"), 5)
    case.begin(case.at("other"), 5)
    case.provider.abandon(case.at("file"), key="0badcafe")
    case.provider.finish(others, [receipt], replacing=ANY_VERSION)
    case.provider.abandon(case.at("other"), key="0badcafe")
    assert case.names() == ["file", "other"]
    assert (case.get(case.at("file")), case.get(case.at("other"))) == (b"new", b"other")


def test_abandoning_what_was_never_begun_is_success(case: Case) -> None:
    case.put(case.at("file"), b"old")
    case.provider.abandon(case.at("file"), key="0badcafe")
    case.provider.abandon(case.at("missing"), key="0badcafe")
    case.provider.abandon(case.at("nowhere", "missing"), key="0badcafe")
    assert case.names() == ["file"]


def test_finished_upload_is_not_taken_back_by_abandoning(case: Case) -> None:
    case.put(case.at("file"), b"whole")
    case.provider.abandon(case.at("file"), key="0badcafe")
    assert case.get(case.at("file")) == b"whole"


@needs("unfinished")
def test_abandoned_upload_cannot_be_finished(case: Case) -> None:
    upload = case.begin(case.at("file"), 5)
    receipt = case.provider.put_part(upload, 0, 0, [b"12345"])
    case.provider.abandon(case.at("file"), key="0badcafe")
    with fails(ProviderError):
        case.provider.finish(upload, [receipt], replacing=ANY_VERSION)
    assert case.names() == []


def test_second_begin_with_a_key_takes_over_what_the_first_left(case: Case) -> None:
    case.begin(case.at("file"), 10)
    left = case.names()
    upload = case.again().begin(case.at("file"), 3, key="0badcafe", part_size=1 << 20)
    assert case.names() == left
    case.provider.abort(upload)
    assert case.names() == []


def test_upload_within_the_chosen_folder_is_stored(case: Case) -> None:
    case.provider.make_dir(case.at("a"))
    case.provider.make_dir(case.at("a", "b"))
    for within in (case.root, case.at("a"), case.at("a", "b")):
        case.put(case.at("a", "b", "file"), b"x", within=within, replacing=ANY_VERSION)
    assert case.get(case.at("a", "b", "file")) == b"x"


@pytest.mark.parametrize("target", ["elsewhere", "elsewhere/deep", ".", "nowhere"])
def test_link_below_the_chosen_folder_is_not_followed(case: Case, target: str) -> None:
    case.provider.make_dir(case.at("chosen"))
    case.provider.make_dir(case.at("elsewhere"))
    case.provider.make_dir(case.at("elsewhere", "deep"))
    case.make_link(case.at("chosen", "link"), f"../{target}")
    with fails(WrongKind):
        case.begin(case.at("chosen", "link", "file"), 1, within=case.at("chosen"))
    with fails(WrongKind, NotFound):
        case.begin(case.at("chosen", "link", "deep", "file"), 1, within=case.at("chosen"))
    assert case.names() == ["chosen", "elsewhere"]
    assert case.names(case.at("chosen")) == ["link"]
    assert case.names(case.at("elsewhere")) == ["deep"]
    assert case.names(case.at("elsewhere", "deep")) == []


def test_link_that_was_chosen_itself_is_followed(case: Case) -> None:
    case.provider.make_dir(case.at("real"))
    case.make_link(case.at("chosen"), "real")
    case.put(case.at("chosen", "file"), b"x", within=case.at("chosen"))
    assert case.get(case.at("chosen", "file")) == b"x"


@needs("folders")
def test_file_below_the_chosen_folder_is_no_folder(case: Case) -> None:
    case.put(case.at("file"), b"x")
    with fails(WrongKind, NotFound):
        case.begin(case.at("file", "below"), 1, within=case.root)
    assert case.get(case.at("file")) == b"x"


@needs("folders")
def test_missing_folder_below_the_chosen_one_is_not_found(case: Case) -> None:
    with fails(NotFound):
        case.begin(case.at("missing", "file"), 1, within=case.root)


@needs("folders")
def test_path_outside_the_chosen_folder_is_refused(case: Case) -> None:
    case.provider.make_dir(case.at("chosen"))
    case.provider.make_dir(case.at("chosen-not"))
    with fails(InvalidName, WrongKind):
        case.begin(case.at("chosen-not", "file"), 1, within=case.at("chosen"))
    assert case.names(case.at("chosen-not")) == []


def test_room_is_told_for_what_is_there_and_what_will_be(case: Case) -> None:
    if not isinstance(case.provider, Measured):
        pytest.skip("this place does not fill up")
    case.put(case.at("file"), b"x")
    here = case.provider.room(case.root)
    assert here.volume
    assert here.free is None or here.free > 0
    for path in (case.at("file"), case.at("missing"), case.at("missing", "deeper")):
        assert case.provider.room(path).volume == here.volume
