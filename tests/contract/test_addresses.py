"""Contract: how paths are put together and taken apart."""

from __future__ import annotations

import pytest

from providers.errors import InvalidName
from tests.contract.case import Case, fails


def test_joined_name_and_directory_come_apart_again(case: Case) -> None:
    path = case.at("folder", "file.txt")
    assert case.provider.name(path) == "file.txt"
    assert case.provider.parent(path) == case.at("folder")
    assert case.provider.parent(case.at("folder")) == case.root


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "../up", "nul\0", "a/"])
def test_name_that_could_leave_the_folder_is_refused(case: Case, name: str) -> None:
    with fails(InvalidName):
        case.provider.join(case.root, name)


def test_refusal_of_a_hostile_name_is_safe_to_show(case: Case) -> None:
    with fails(InvalidName):
        case.provider.join(case.root, "\x1b]52;c;\x07\n/‮")


def test_resolved_path_stays_as_it_is(case: Case) -> None:
    home = case.provider.resolve("")
    assert case.provider.resolve(home) == home
    assert case.provider.resolve(case.root) == case.root


def test_resolve_takes_dots_out(case: Case) -> None:
    if not case.dots:
        pytest.skip("dots are names like others here")
    case.provider.make_dir(case.at("a"))
    assert case.provider.resolve(case.at("a") + "/../a/.") == case.at("a")


def test_resolve_accepts_a_path_that_does_not_exist(case: Case) -> None:
    assert case.provider.resolve(case.at("not here")) == case.at("not here")


def test_resolve_keeps_a_link_in_the_last_component(case: Case) -> None:
    case.provider.make_dir(case.at("real"))
    case.make_link(case.at("link"), "real")
    assert case.provider.resolve(case.at("link")) == case.at("link")


def test_root_is_its_own_parent_and_has_no_name(case: Case) -> None:
    path = case.root
    while (parent := case.provider.parent(path)) != path:
        path = parent
    assert case.provider.name(path) == ""


def test_closing_twice_is_fine(case: Case) -> None:
    provider = case.again()
    provider.stat(case.root)
    provider.close()
    provider.close()
