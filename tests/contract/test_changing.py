"""Contract: making, deleting and renaming."""

from __future__ import annotations

from providers.base import Kind
from providers.errors import AlreadyExists, NotEmpty, NotFound, Unsupported, WrongKind
from tests.contract.case import Case, fails, needs


@needs("folders")
def test_directory_is_made(case: Case) -> None:
    case.provider.make_dir(case.at("dir"))
    assert case.provider.stat(case.at("dir")).kind is Kind.DIR


@needs("folders")
def test_directory_is_not_made_over_anything(case: Case) -> None:
    case.provider.make_dir(case.at("dir"))
    case.put(case.at("file"), b"x")
    case.make_link(case.at("link"), "nowhere")
    for name in ("dir", "file", "link"):
        with fails(AlreadyExists):
            case.provider.make_dir(case.at(name))
    assert case.get(case.at("file")) == b"x"


@needs("folders")
def test_directory_needs_its_parent(case: Case) -> None:
    with fails(NotFound):
        case.provider.make_dir(case.at("missing", "dir"))


def test_file_is_deleted(case: Case) -> None:
    case.put(case.at("file"), b"x")
    case.provider.delete(case.at("file"))
    assert case.names() == []


@needs("folders")
def test_empty_directory_is_deleted(case: Case) -> None:
    case.provider.make_dir(case.at("dir"))
    case.provider.delete(case.at("dir"))
    assert case.names() == []


def test_full_directory_is_not_deleted(case: Case) -> None:
    case.provider.make_dir(case.at("dir"))
    case.put(case.at("dir", "file"), b"x")
    with fails(NotEmpty):
        case.provider.delete(case.at("dir"))
    assert case.get(case.at("dir", "file")) == b"x"


def test_deleting_something_missing_is_not_found(case: Case) -> None:
    with fails(NotFound):
        case.provider.delete(case.at("missing"))


def test_deleted_link_leaves_what_it_leads_to(case: Case) -> None:
    case.provider.make_dir(case.at("dir"))
    case.put(case.at("file"), b"x")
    case.make_link(case.at("to dir"), "dir")
    case.make_link(case.at("to file"), "file")
    case.provider.delete(case.at("to dir"))
    case.provider.delete(case.at("to file"))
    assert case.names() == ["dir", "file"]


def test_a_place_that_never_renames_says_so_and_refuses(case: Case) -> None:
    case.put(case.at("file"), b"x")
    if case.provider.caps.renames:
        return
    assert not case.renames
    with fails(Unsupported):
        case.provider.rename(case.at("file"), case.at("new"))
    assert case.get(case.at("file")) == b"x"


@needs("renames")
def test_a_place_that_renames_says_so(case: Case) -> None:
    assert case.provider.caps.renames


@needs("renames")
def test_file_is_renamed_with_its_content(case: Case) -> None:
    case.put(case.at("old"), b"x")
    case.provider.rename(case.at("old"), case.at("new"))
    assert case.names() == ["new"]
    assert case.get(case.at("new")) == b"x"


@needs("renames")
def test_file_is_moved_to_another_directory(case: Case) -> None:
    case.provider.make_dir(case.at("dir"))
    case.put(case.at("file"), b"x")
    case.provider.rename(case.at("file"), case.at("dir", "file"))
    assert case.get(case.at("dir", "file")) == b"x"


@needs("renames")
def test_directory_is_renamed_with_all_in_it(case: Case) -> None:
    case.provider.make_dir(case.at("old"))
    case.put(case.at("old", "file"), b"x")
    case.provider.rename(case.at("old"), case.at("new"))
    assert case.names() == ["new"]
    assert case.get(case.at("new", "file")) == b"x"


def test_link_is_renamed_itself(case: Case) -> None:
    case.put(case.at("file"), b"x")
    case.make_link(case.at("link"), "file")
    case.provider.rename(case.at("link"), case.at("other"))
    assert case.provider.stat(case.at("other")).kind is Kind.LINK
    assert case.names() == ["file", "other"]


@needs("renames")
def test_file_is_never_renamed_over_another(case: Case) -> None:
    case.put(case.at("a"), b"aa")
    case.put(case.at("b"), b"b")
    with fails(AlreadyExists):
        case.provider.rename(case.at("a"), case.at("b"))
    assert (case.get(case.at("a")), case.get(case.at("b"))) == (b"aa", b"b")


@needs("renames")
def test_directory_is_never_renamed_over_another(case: Case) -> None:
    case.provider.make_dir(case.at("a"))
    case.provider.make_dir(case.at("empty"))
    with fails(AlreadyExists):
        case.provider.rename(case.at("a"), case.at("empty"))
    assert case.names() == ["a", "empty"]


def test_nothing_is_renamed_over_a_dangling_link(case: Case) -> None:
    case.put(case.at("file"), b"x")
    case.make_link(case.at("link"), "nowhere")
    with fails(AlreadyExists):
        case.provider.rename(case.at("file"), case.at("link"))
    assert case.names() == ["file", "link"]


@needs("renames")
def test_renaming_something_missing_is_not_found(case: Case) -> None:
    with fails(NotFound):
        case.provider.rename(case.at("missing"), case.at("new"))


@needs("renames")
def test_renaming_into_a_missing_directory_is_not_found(case: Case) -> None:
    case.put(case.at("file"), b"x")
    with fails(NotFound):
        case.provider.rename(case.at("file"), case.at("missing", "file"))
    assert case.get(case.at("file")) == b"x"


def test_nothing_is_moved_through_a_link_below_the_chosen_folder(case: Case) -> None:
    for name in ("chosen", "elsewhere"):
        case.provider.make_dir(case.at(name))
    case.make_link(case.at("chosen", "link"), "../elsewhere")
    case.put(case.at("file"), b"x")
    with fails(WrongKind):
        case.provider.rename(
            case.at("file"), case.at("chosen", "link", "file"), within=case.at("chosen")
        )
    assert case.names(case.at("elsewhere")) == []
    case.provider.rename(case.at("file"), case.at("chosen", "file"), within=case.at("chosen"))
    assert case.get(case.at("chosen", "file")) == b"x"
