"""Contract: permissions and links, where a place has them."""

from __future__ import annotations

from typing import cast

from providers.base import ANY_VERSION, Kind
from providers.errors import AlreadyExists, NotFound, ProviderError, TargetChanged, WrongKind
from providers.extras import Linker, Moder
from tests.contract.case import KEY, Case, fails, needs


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


@needs("links")
def test_link_is_not_made_through_a_link_in_the_chosen_folder(case: Case) -> None:
    for name in ("chosen", "elsewhere"):
        case.provider.make_dir(case.at(name))
    case.make_link(case.at("chosen", "way"), "../elsewhere")
    with fails(WrongKind):
        linker(case).make_link(case.at("chosen", "way", "link"), "x", within=case.at("chosen"))
    with fails(WrongKind):
        linker(case).replace_link(
            case.at("chosen", "way", "link"),
            "x",
            key=KEY,
            replacing=ANY_VERSION,
            within=case.at("chosen"),
        )
    assert case.names(case.at("elsewhere")) == []


@needs("links")
def test_link_takes_the_place_of_a_file_and_of_a_link(case: Case) -> None:
    case.put(case.at("file"), b"x")
    case.put(case.at("kept"), b"kept")
    case.make_link(case.at("link"), "kept")
    version = case.provider.stat(case.at("file")).version or ANY_VERSION
    linker(case).replace_link(case.at("file"), "one", key=KEY, replacing=version)
    linker(case).replace_link(case.at("link"), "two", key=KEY, replacing=ANY_VERSION)
    assert case.provider.stat(case.at("file")).target == "one"
    assert case.provider.stat(case.at("link")).target == "two"
    assert case.get(case.at("kept")) == b"kept"
    assert case.names() == ["file", "kept", "link"]


@needs("links")
def test_link_takes_the_place_of_nothing_that_changed_nor_of_a_folder(case: Case) -> None:
    case.put(case.at("file"), b"x")
    version = case.provider.stat(case.at("file")).version or ANY_VERSION
    case.overwrite(case.at("file"), b"other")
    with fails(TargetChanged):
        linker(case).replace_link(case.at("file"), "one", key=KEY, replacing=version)
    case.provider.make_dir(case.at("dir"))
    with fails(WrongKind):
        linker(case).replace_link(case.at("dir"), "one", key=KEY, replacing=ANY_VERSION)
    for name in ("file", "dir"):
        case.provider.abandon(case.at(name), key=KEY)
    assert case.get(case.at("file")) == b"other"
    assert case.names() == ["dir", "file"]


@needs("links")
def test_end_of_a_chain_of_links_is_found_and_a_circle_has_none(case: Case) -> None:
    case.provider.make_dir(case.at("dir"))
    case.put(case.at("dir", "file"), b"x")
    case.make_link(case.at("way"), "dir")
    case.make_link(case.at("first"), "dir/second")
    case.make_link(case.at("dir", "second"), "file")
    assert linker(case).leads_to(case.at("first")) == case.at("dir", "file")
    assert linker(case).leads_to(case.at("way")) == case.at("dir")
    case.make_link(case.at("nowhere"), "missing")
    with fails(NotFound):
        linker(case).leads_to(case.at("nowhere"))
    case.make_link(case.at("circle"), "circle")
    with fails(ProviderError):
        linker(case).leads_to(case.at("circle"))
