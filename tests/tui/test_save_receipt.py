"""The receipt saved from the screen: the command line's own words, whole-old or whole-new."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from providers.base import Capabilities, Parts, Place
from providers.errors import AlreadyExists, NoSpace
from tests.tui.app_case import AppPilot, Tree, at, make_app, opener, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import JobState, Proof, ProofWord, Row
from tui.app import WharfieApp
from tui.receipt import as_file, json_lines, sum_lines
from tui.saving import save
from tui.screens.confirm import ConfirmScreen
from tui.screens.prompt import PromptScreen

S = JobState


def copied(folder: Path, *names: str) -> list[Row]:
    rows = []
    for number, name in enumerate(names, 1):
        path = folder / name
        path.write_bytes(name.encode())
        digest = hashlib.sha256(name.encode()).hexdigest()
        proof = Proof(ProofWord.SHA256, "sha256", digest, digest)
        place = Place("file:", str(path))
        rows.append(make_row(number, S.DONE, target=place, proof=proof))
    return rows


async def asked(app: WharfieApp, pilot: AppPilot) -> Input:
    """The field that asks where, once the key was pressed in the panel."""
    await read(pilot)
    await pilot.press("w")
    await pilot.pause(0.2)
    await pilot.press("e")
    await until(pilot, lambda: isinstance(app.screen, PromptScreen))
    await pilot.pause()
    return app.screen.query_one(Input)


async def saved(pilot: AppPilot, app: WharfieApp) -> None:
    await until(pilot, lambda: "Saved: " in text(app))


async def test_it_is_saved_in_the_folder_of_the_pane_as_the_command_line_prints_it(
    tmp_path: Path,
) -> None:
    rows = [*copied(tmp_path, "a", "b"), make_row(9, S.FAILED)]
    app = make_app(tmp_path, tmp_path, queue=FakeQueue(rows))
    async with app.run_test(size=(80, 24)) as pilot:
        field = await asked(app, pilot)
        assert field.value == str(tmp_path / "SHA256SUMS")
        assert "Receipt of 2 copies" in text(app)
        await pilot.press("enter")
        await saved(pilot, app)
    jobs = [row.job for row in rows]
    sums = tmp_path / "SHA256SUMS"
    assert sums.read_bytes() == as_file(sum_lines(jobs))
    told = (tmp_path / "SHA256SUMS.json").read_bytes()
    assert told == as_file(json_lines(jobs))
    assert [json.loads(line).get("job") for line in told.splitlines()] == [1, 2, None]
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", sums], check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("SHA256SUMS", "SHA256SUMS.json", "a", "b")
    ]


async def test_only_the_marked_ones_are_told_of(tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path, queue=FakeQueue(copied(tmp_path, "a", "b")))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("w")
        await pilot.pause(0.2)
        await pilot.press("down", "space", "e")
        await until(pilot, lambda: "Receipt of 1 copy" in text(app))
        await pilot.press("enter")
        await saved(pilot, app)
    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
    assert [line.partition("  ")[2] for line in lines] == [str(tmp_path / "b")]


async def test_a_folder_gets_the_usual_name_and_another_name_is_taken_as_it_is(
    tmp_path: Path,
) -> None:
    (tmp_path / "sub").mkdir()
    app = make_app(tmp_path, tmp_path, queue=FakeQueue(copied(tmp_path, "a")))
    async with app.run_test(size=(80, 24)) as pilot:
        for name, there in (("sub", "sub/SHA256SUMS"), ("mine.txt", "mine.txt")):
            field = await asked(app, pilot)
            field.value = name
            await pilot.press("enter")
            await until(pilot, lambda there=there: (tmp_path / f"{there}.json").exists())  # type: ignore[misc]
            assert (tmp_path / there).exists()
            await pilot.press("w")


async def test_what_is_there_is_replaced_only_when_a_person_says_so(tmp_path: Path) -> None:
    (tmp_path / "SHA256SUMS.json").write_text("mine")
    app = make_app(tmp_path, tmp_path, queue=FakeQueue(copied(tmp_path, "a")))
    async with app.run_test(size=(80, 24)) as pilot:
        await asked(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await until(pilot, lambda: "SHA256SUMS.json" in text(app))
        await pilot.press("enter")  # what Enter does at first is harmless
        await until(pilot, lambda: app.screen is app.main)
        assert (tmp_path / "SHA256SUMS.json").read_text() == "mine"
        assert not (tmp_path / "SHA256SUMS").exists()
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, PromptScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await saved(pilot, app)
    assert "summary" in (tmp_path / "SHA256SUMS.json").read_text()


async def test_what_came_after_the_look_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "SHA256SUMS").write_text("mine")
    monkeypatch.setattr("tui.commands.receipt.kind_of", lambda provider, path: None)
    app = make_app(tmp_path, tmp_path, queue=FakeQueue(copied(tmp_path, "a")))
    async with app.run_test(size=(80, 24)) as pilot:
        await asked(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "already" in text(app))
    assert (tmp_path / "SHA256SUMS").read_text() == "mine"


async def test_it_can_be_saved_at_any_place(tmp_path: Path) -> None:
    there = Tree(["/d/"])
    queue = FakeQueue(copied(tmp_path, "a"))
    app = make_app(at("t", "/d"), at("t"), queue=queue, opener=opener(t=there))
    async with app.run_test(size=(80, 24)) as pilot:
        await asked(app, pilot)
        await pilot.press("enter")
        await saved(pilot, app)
    assert bytes(there.store.nodes["/d/SHA256SUMS"].data).endswith(
        b"  %s\n" % bytes(tmp_path / "a")
    )


async def test_there_is_nothing_to_save_before_a_copy_is_done(tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path, queue=FakeQueue([make_row(1)]))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("w")
        await pilot.pause(0.2)
        await pilot.press("e")
        await until(pilot, lambda: "No copy is done yet." in text(app))
        await pilot.press("space", "e")
        await until(pilot, lambda: "None of the marked copies is done yet." in text(app))


# The file itself --------------------------------------------------------------------------------


def test_a_failure_leaves_the_old_file_and_nothing_else() -> None:
    place = Tree()
    save(place, at("t", "/f"), b"old", replace=False)

    def full(operation: str, path: str) -> None:
        if operation == "finish":
            raise NoSpace("/f")

    place.store.fail = full
    with pytest.raises(NoSpace):
        save(place, at("t", "/f"), b"new", replace=True)
    place.store.fail = lambda operation, path: None
    assert _held(place) == {"/f": b"old"}


def test_nothing_is_replaced_that_came_meanwhile() -> None:
    place = Tree()
    save(place, at("t", "/f"), b"old", replace=False)
    with pytest.raises(AlreadyExists):
        save(place, at("t", "/f"), b"new", replace=False)
    assert _held(place) == {"/f": b"old"}
    save(place, at("t", "/f"), b"", replace=True)
    assert _held(place) == {"/f": b""}


def _held(place: Tree) -> dict[str, bytes]:
    nodes = place.store.nodes.items()
    return {path: bytes(node.data) for path, node in nodes if path != "/"}


class Small(Tree):
    """Takes parts of four bytes at most."""

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, parts=Parts(order="any", min_size=1, max_size=4))


def test_it_is_cut_as_its_place_demands() -> None:
    place = Small()
    save(place, at("t", "/f"), b"123456789", replace=False)
    assert _held(place) == {"/f": b"123456789"}
