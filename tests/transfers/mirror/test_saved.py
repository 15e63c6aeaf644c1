"""A plan as text and back, and what an edited text may not say."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from providers.base import Entry, Kind, Place
from tests.transfers.mirror.samples import DELETE, LEFT, RIGHT, compared, pair, side, trees
from transfers.mirror.jobs import jobs
from transfers.mirror.model import Action, Criteria, Keep, Mark, MirrorPlan, Step, Wish
from transfers.mirror.planning import plan
from transfers.mirror.saved import BadPlan, as_text, from_text

Tree = dict[str, str | None]


def _plan(*steps: Step, wish: Wish = DELETE) -> MirrorPlan:
    return MirrorPlan(LEFT, RIGHT, wish, 1000.5, steps, same=3, right_files=7, remarks=("hm",))


def _everything() -> MirrorPlan:
    wish = Wish(
        delete=True,
        keep=Keep.BACKUP,
        backup="/kept",
        most_deleted=0.25,
        criteria=Criteria("digest", 2.0),
        patterns=("*.o",),
        links="follow",
    )
    old = pair("old", Mark.ONLY_RIGHT, right="x")
    digests = {"sha256": "ab", "md5": "cd"}
    new = replace(pair("n\udcff", Mark.NEW, "x"), left=_entry("n\udcff", digests))
    return _plan(
        Step(new, Action.RENAME, old),
        Step(pair("a", Mark.NEWER), Action.LEFT),
        Step(pair("b", Mark.UNKNOWN, why="denied"), Action.SKIP, why="denied"),
        Step(pair("c", Mark.ONLY_RIGHT, right=None), Action.DELETE_RIGHT),
        wish=wish,
    )


def _entry(name: str, digests: dict[str, str]) -> Entry:
    return Entry(
        f"/left/{name}", name, Kind.FILE, 1, 0.1, 0o644, version='"ä\x1b"', digests=digests
    )


def test_a_plan_comes_back_as_it_was() -> None:
    assert from_text(as_text(_everything())) == _everything()


def test_the_text_is_ascii_and_the_same_for_the_same_plan() -> None:
    made = as_text(_everything())
    assert made.isascii()
    turned = {"md5": "cd", "sha256": "ab"}
    (first, *rest) = _everything().steps
    first = replace(first, pair=replace(first.pair, left=_entry("n\udcff", turned)))
    assert as_text(replace(_everything(), steps=(first, *rest))) == made


@given(trees(), trees())
def test_every_plan_comes_back_and_is_the_same_jobs(left: Tree, right: Tree) -> None:
    made = plan(side(LEFT), side(RIGHT), DELETE, compared(left, right), 1000.0)
    assert jobs(from_text(as_text(made))) == jobs(made)


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "{}", '{"format": "other"}', "[" * 100_000, '{"format": NaN}', "null"],
)
def test_what_is_no_plan_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadPlan, match="this is no saved mirror plan"):
        from_text(text)


def test_one_of_another_version_is_refused() -> None:
    told = json.loads(as_text(_everything()))
    told["version"] = 2
    with pytest.raises(BadPlan, match="another version of Wharfie"):
        from_text(json.dumps(told))


def _edited(change: Callable[[Any], None]) -> str:
    told = json.loads(as_text(_everything()))
    whole = told["plan"] | {"steps": told["steps"]}
    change(whole)
    return json.dumps(told | {"steps": whole.pop("steps"), "plan": whole})


def _set(*path: Any) -> Callable[[Any], None]:
    *way, last, value = path

    def change(told: Any) -> None:
        for key in way:
            told = told[key]
        told[last] = value

    return change


_PAIR = ("steps", 1, "pair")


@pytest.mark.parametrize(
    "change",
    [
        _set("made", -1.0),
        _set("made", 1e300),
        _set("made", True),
        _set("made", "now"),
        _set("wish", "most_deleted", 2),
        _set("wish", "keep", "elsewhere"),
        _set("wish", "links", "both"),
        _set("wish", "links", ["skip"]),
        _set("wish", "backup", ""),
        _set("wish", "more", 1),
        _set("steps", {}),
        _set("steps", None),
        _set("steps", 0, "pair", "left", "digests", "md5", 5),
        _set("left", "/left"),
        _set("steps", 1, "action", "delete right"),
        _set("steps", 1, "action", "rename right"),
        _set("steps", 2, "action", "copy right"),
        _set("steps", 3, "pair", "mark", "new"),
        _set(*_PAIR, "left", None),
        _set(*_PAIR, "mark", "only right"),
        _set(*_PAIR, "relative", []),
        _set(*_PAIR, "relative", ["..", "a"]),
        _set(*_PAIR, "relative", ["a/b"]),
        _set(*_PAIR, "relative", ["b"]),  # another step is about it
        _set(*_PAIR, "left_path", "/left"),
        _set(*_PAIR, "left_path", "/leftover/a"),
        _set(*_PAIR, "left_path", "/etc/passwd"),
        _set(*_PAIR, "left_path", "/left/../etc/passwd"),
        _set(*_PAIR, "right_path", "/right//a"),
        _set(*_PAIR, "right_path", "/right/a\0"),
        _set(*_PAIR, "right_path", "/right/./a"),
        _set(*_PAIR, "right_path", ""),
        _set("steps", 0, "moved_from", "right_path", "/etc/passwd"),
        _set("steps", 0, "moved_from", "relative", ["a"]),
        _set("steps", 0, "moved_from", "right", "kind", "dir"),
        _set("steps", 0, "moved_from", "mark", "same"),
        lambda told: told["steps"][0]["pair"].pop("left_path"),
    ],
)
def test_an_edited_plan_that_says_what_cannot_be_is_refused(change: Callable[[Any], None]) -> None:
    with pytest.raises(BadPlan, match=r"this saved plan is damaged"):
        from_text(_edited(change))


def test_the_sentence_says_where_it_is_damaged() -> None:
    with pytest.raises(BadPlan, match=r"damaged: steps\[1\]\.pair\.left\.size has a value that"):
        from_text(_edited(_set(*_PAIR, "left", "size", "big")))


def test_each_step_is_a_line() -> None:
    lines = as_text(_everything()).splitlines()
    assert len(lines) == len(_everything().steps) + 3


def test_a_number_that_is_none_is_refused() -> None:
    text = as_text(_everything())
    assert '"modified": 0.1' in text
    with pytest.raises(BadPlan, match="modified has a value that cannot be there"):
        from_text(text.replace('"modified": 0.1', '"modified": 1e999'))


def test_a_file_whose_version_was_taken_out_is_not_deleted_as_if_it_were_a_folder() -> None:
    made = _plan(Step(pair("a", Mark.ONLY_RIGHT), Action.DELETE_RIGHT))
    told = json.loads(as_text(made))
    del told["steps"][0]["pair"]["right"]["version"]
    with pytest.raises(BadPlan, match="not possible there"):
        from_text(json.dumps(told))


def test_the_sentence_is_safe_for_a_terminal() -> None:
    with pytest.raises(BadPlan) as raised:
        from_text(_edited(_set(*_PAIR, "left_path", "/\x1b[31m")))
    assert str(raised.value).isprintable()


def test_on_windows_a_backslash_leads_out_too() -> None:
    there = replace(pair("a", Mark.NEW), left_path="C:\\left\\a")
    made = replace(_plan(Step(there, Action.RIGHT)), left=Place("file:", "C:\\left"))
    assert from_text(as_text(made)) == made
    out = replace(there, left_path="C:\\left\\..\\a")
    with pytest.raises(BadPlan):
        from_text(as_text(replace(made, steps=(Step(out, Action.RIGHT),))))
