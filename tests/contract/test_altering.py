"""Contract: permissions and links, where a place has them."""

from __future__ import annotations

from typing import cast

from providers.base import Kind
from providers.errors import AlreadyExists, NotFound, WrongKind
from providers.extras import Linker, Moder
from tests.contract.case import Case, fails, needs


def moder(case: Case) -> Moder:
    return cast(Moder, case.provider)


def linker(case: Case) -> Linker:
    return cast(Linker, case.provider)


@needs("modes")
def test_permissions_of_a_file_and_of_a_folder_are_set(case: Case) -> None:
    case.put(case.at("file"), b"x")
    case.provider.make_dir(case.at("dir"))
    moder(case).set_mode(case.at("file"), 0o640)
    moder(case).set_mode(case.at("dir"), 0o750)
    assert case.provider.stat(case.at("file")).mode == 0o640
    assert case.provider.stat(case.at("dir")).mode == 0o750
    assert case.get(case.at("file")) == b"x"


@needs("modes")
def test_permissions_can_be_given_back_to_what_its_owner_may_not_read(case: Case) -> None:
    case.put(case.at("file"), b"x")
    moder(case).set_mode(case.at("file"), 0)
    moder(case).set_mode(case.at("file"), 0o600)
    assert case.get(case.at("file")) == b"x"


@needs("modes")
def test_permissions_are_never_set_through_a_link(case: Case) -> None:
    case.put(case.at("file"), b"x")
    before = case.provider.stat(case.at("file")).mode
    case.make_link(case.at("link"), "file")
    with fails(WrongKind):
        moder(case).set_mode(case.at("link"), 0o777)
    assert case.provider.stat(case.at("file")).mode == before


@needs("modes")
def test_permissions_are_not_set_below_a_link_in_the_chosen_folder(case: Case) -> None:
    for name in ("chosen", "elsewhere"):
        case.provider.make_dir(case.at(name))
    case.put(case.at("elsewhere", "file"), b"x")
    before = case.provider.stat(case.at("elsewhere", "file")).mode
    case.make_link(case.at("chosen", "link"), "../elsewhere")
    with fails(WrongKind):
        moder(case).set_mode(case.at("chosen", "link", "file"), 0o777, within=case.at("chosen"))
    assert case.provider.stat(case.at("elsewhere", "file")).mode == before


@needs("modes")
def test_permissions_of_something_missing_are_not_found(case: Case) -> None:
    with fails(NotFound):
        moder(case).set_mode(case.at("missing"), 0o600)


@needs("links")
def test_link_is_made_with_its_target_as_it_was_given(case: Case) -> None:
    case.put(case.at("file"), b"x")
    for name, target in (("link", "file"), ("dangling", "no where/../at \u00e4ll")):
        linker(case).make_link(case.at(name), target)
        found = case.provider.stat(case.at(name))
        assert (found.kind, found.target) == (Kind.LINK, target)
    assert case.get(case.at("link")) == b"x"


@needs("links")
def test_link_is_not_made_over_anything(case: Case) -> None:
    case.put(case.at("file"), b"x")
    case.provider.make_dir(case.at("dir"))
    case.make_link(case.at("link"), "nowhere")
    for name in ("file", "dir", "link"):
        with fails(AlreadyExists):
            linker(case).make_link(case.at(name), "elsewhere")
    assert case.get(case.at("file")) == b"x"
    assert case.provider.stat(case.at("link")).target == "nowhere"


@needs("links")
def test_link_needs_its_folder(case: Case) -> None:
    with fails(NotFound):
        linker(case).make_link(case.at("missing", "link"), "file")
