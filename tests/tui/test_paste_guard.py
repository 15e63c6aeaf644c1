"""A paste is one event, whatever is in it and however it arrives."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as some
from textual import events
from textual.message import Message

from tui.paste_guard import END, START, GuardedParser

ESC = "\x1b"


def parsed(*pieces: str) -> list[Message]:
    parser = GuardedParser()
    return [event for piece in pieces for event in parser.feed(piece)]


def keys(found: list[Message]) -> list[str]:
    return [event.key for event in found if isinstance(event, events.Key)]


def pastes(found: list[Message]) -> list[str]:
    return [event.text for event in found if isinstance(event, events.Paste)]


@pytest.mark.parametrize(
    "text",
    ["8y", f"{ESC}8y", f"q{ESC}[15~c\r", f"{ESC}{'8y' * 40}{ESC}{ESC}[A", f"{START}x{ESC}[201"],
)
def test_escapes_in_a_paste_press_no_keys(text: str) -> None:
    found = parsed(f"{START}{text}{END}", "k")
    assert keys(found) == ["k"]
    assert pastes(found) == [text.replace(ESC, "")]


def test_escape_and_arrows_are_keys_outside_of_one() -> None:
    assert keys(parsed(f"a{ESC}[A", f"{START}x{END}", f"{ESC}[B")) == ["a", "up", "down"]


@given(
    some.lists(some.sampled_from(["a", ESC, "[", "2", "0", "1", "~", "8y"]), max_size=30),
    some.lists(some.integers(1, 60), max_size=8),
)
def test_how_it_arrives_makes_no_difference(text: list[str], cuts: list[int]) -> None:
    body = "".join(text).replace(END, "")
    if END in body:
        return
    sent = f"{START}{body}{END}k"
    places = [0, *sorted({cut for cut in cuts if cut < len(sent)}), len(sent)]
    found = parsed(*(sent[a:b] for a, b in itertools.pairwise(places)))
    assert keys(found) == ["k"]
    assert pastes(found) == ([body.replace(ESC, "")])
