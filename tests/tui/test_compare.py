"""A digest that a person was told: copies are held against it, from the shell and in the panel."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.cli_runner import wharfie
from tests.tui.fake_queue import FakeQueue, make_row
from tests.tui.test_transfer_panel import PanelApp, until
from transfers.model import Expect, Job, JobState, Op, Proof, ProofWord
from tui.screens.prompt import PromptScreen
from tui.widgets.transfer_panel import compared

DATA = b"what its page says it is"
SHA256, MD5 = hashlib.sha256(DATA).hexdigest(), hashlib.md5(DATA).hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "image.iso"
    path.write_bytes(DATA)
    (tmp_path / "to").mkdir()
    return path


@pytest.mark.parametrize("told", [SHA256.upper(), f"sha256:{SHA256}", f"md5={MD5}"])
def test_a_file_that_has_the_digest_is_copied(source: Path, told: str) -> None:
    done = wharfie("copy", source, source.parent / "to", "--expect", told, "--json")
    assert done.code == 0
    assert "a person gave the same" in done.lines[0]["how"]
    assert (source.parent / "to" / source.name).read_bytes() == DATA


def test_another_file_fails_and_leaves_nothing(source: Path) -> None:
    done = wharfie("copy", source, source.parent / "to", "--expect", OTHER)
    assert done.code == 1
    assert "do not have the sha256 that was given" in done.err
    assert list((source.parent / "to").iterdir()) == []


@pytest.mark.parametrize("told", ["sha256:00", "crc32:00000000", "no digest"])
def test_what_is_no_digest_is_wrong_use(source: Path, told: str) -> None:
    done = wharfie("copy", source, source.parent / "to", "--expect", told)
    assert done.code == 2
    assert "give an MD5, SHA-1, SHA-256" in done.err


def test_a_digest_is_of_one_file(source: Path) -> None:
    (source.parent / "other").write_bytes(DATA)
    both = (source, source.parent / "other")
    done = wharfie("copy", *both, source.parent / "to", "--expect", SHA256)
    assert done.code == 2
    assert "--expect is for one file" in done.err
    assert list((source.parent / "to").iterdir()) == []


def _done(word: ProofWord = ProofWord.SHA256) -> Job:
    job = make_row(1, JobState.DONE, op=Op.COPY).job
    return replace(job, proof=Proof(word, "sha256", SHA256, SHA256))


def test_a_finished_copy_is_compared_by_what_was_proven_of_it() -> None:
    assert compared(_done(), "sha256", SHA256).startswith("Equal")
    assert compared(_done(), "sha256", OTHER) == f"DIFFERENT: its sha256 is {SHA256}"
    assert "not known" in compared(_done(), "md5", MD5)
    size_only = replace(_done(), proof=Proof(ProofWord.SIZE_ONLY, "size", "24", "24"))
    assert "not known" in compared(size_only, "sha256", SHA256)
    assert "not known" in compared(replace(_done(), proof=None), "sha256", SHA256)


async def test_in_the_panel_a_waiting_copy_is_held_against_it() -> None:
    queue = FakeQueue([make_row(1, JobState.QUEUED, op=Op.COPY)])
    async with PanelApp(queue).run_test(size=(100, 20)) as pilot:
        await until(pilot, lambda: pilot.app.query_one("TransferList").current())  # type: ignore[attr-defined]
        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, PromptScreen))
        field = pilot.app.screen.query_one(Input)
        field.value = "sha256:00"
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, PromptScreen), "that is no digest"
        field.value = f"SHA256:{SHA256}"
        await pilot.press("enter")
        await until(pilot, lambda: queue.sent)
        assert queue.sent == [Expect(1, f"sha256:{SHA256}")]


async def test_in_the_panel_a_finished_copy_is_compared_at_once() -> None:
    row = replace(make_row(1, JobState.DONE, op=Op.COPY), job=_done())
    queue = FakeQueue([row])
    app = PanelApp(queue)
    async with app.run_test(size=(140, 20)) as pilot:
        await until(pilot, lambda: app.view.current())
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, PromptScreen))
        app.screen.query_one(Input).value = OTHER
        await pilot.press("enter")
        await until(pilot, lambda: any("DIFFERENT" in line for line in app.lines()))
        assert queue.sent == []
