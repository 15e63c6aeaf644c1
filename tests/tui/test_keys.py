"""The table of keys: whole, without clashes, and each row does something."""

from __future__ import annotations

from collections import Counter

import pytest

from tui.commands.table import COMMANDS
from tui.key_map import bar_items, key_name, shown_keys
from tui.keys import KEYS, Key, Where
from tui.screens.main import MainScreen
from tui.widgets.file_list import FileList
from tui.widgets.file_pane import FilePane
from tui.widgets.transfer_list import TransferList
from tui.widgets.transfer_panel import TransferPanel

_OWNERS = {
    Where.LIST: FileList,
    Where.PANE: FilePane,
    Where.SCREEN: MainScreen,
    Where.PANEL: TransferPanel,
    Where.JOBS: TransferList,
}
_FOCUSES = (
    (Where.LIST, Where.PANE, Where.SCREEN),
    (Where.JOBS, Where.PANEL, Where.SCREEN),
)


def _each(key: Key) -> list[str]:
    return key.keys.split(",")


def test_every_name_is_one_actions_own() -> None:
    assert max(Counter(key.name for key in KEYS).values()) == 1


def test_every_command_has_a_key_and_every_key_without_an_action_a_command() -> None:
    assert {key.name for key in KEYS if not key.action} == set(COMMANDS)


@pytest.mark.parametrize("key", [key for key in KEYS if key.action], ids=lambda key: key.name)
def test_an_action_is_a_method_of_who_has_the_key(key: Key) -> None:
    owner: type = _OWNERS[key.where]
    name = key.action.partition("(")[0]
    if name.startswith("screen."):
        owner, name = MainScreen, name.removeprefix("screen.")
    if not name.startswith("app."):
        assert hasattr(owner, f"action_{name}")


@pytest.mark.parametrize("places", _FOCUSES, ids=("pane", "panel"))
def test_no_two_actions_of_one_part_have_one_key(places: tuple[Where, ...]) -> None:
    for place in places:
        keys = Counter(each for key in KEYS if key.where is place for each in _each(key))
        assert [each for each, times in keys.items() if times > 1] == []


def test_what_has_the_focus_is_bound_to_exactly_what_the_table_says() -> None:
    for where, owner in _OWNERS.items():
        bound = {binding.id for binding in owner.BINDINGS if not isinstance(binding, tuple)}
        assert bound == {key.name for key in KEYS if key.where is where}


def test_every_action_says_what_it_is() -> None:
    assert all(key.label and key.help for key in KEYS)


def test_keys_read_as_a_person_says_them() -> None:
    assert key_name("shift+up") == "Shift+↑"
    assert key_name("ctrl+r") == "Ctrl+R"
    assert shown_keys("f5,c,5") == ["F5", "c"]
    assert shown_keys("f10,q,0") == ["F10", "q"]
    assert shown_keys("5") == ["5"]


def test_the_key_bar_of_the_panel_shows_what_acts_there() -> None:
    labels = [item.label for item in bar_items(KEYS, panel=True)]
    assert "Pause/resume" in labels
    assert "Copy" not in labels
