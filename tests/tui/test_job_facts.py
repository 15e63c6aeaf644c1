"""All about one transfer: what is told of it, in what words, and live on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tui.app_case import AppPilot, make_app, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.history import History, Step
from transfers.model import JobState, ParkReason, Proof, ProofWord, Row
from tui.app import WharfieApp
from tui.job_facts import Attempt, attempts, job_facts, took
from tui.screens.job import JobScreen

S = JobState
LOST = "/srv/data/a: the connection was lost."
STEPS = (
    Step(100.0, S.QUEUED, ""),
    Step(101.0, S.PREPARING, ""),
    Step(101.5, S.TRANSFERRING, ""),
    Step(103.0, S.WAITING, LOST),
    Step(105.0, S.QUEUED, ""),
    Step(105.0, S.PREPARING, ""),
    Step(106.0, S.DONE, ""),
)


def told(row: Row, history: History | None = None) -> dict[str, str]:
    return {fact.name: fact.value for fact in job_facts(row, history or History())}


def test_each_start_is_an_attempt_with_its_end_and_reason() -> None:
    assert attempts(STEPS) == [
        Attempt(101.0, S.WAITING, 103.0, LOST),
        Attempt(105.0, S.DONE, 106.0),
    ]
    assert attempts(STEPS[:3]) == [Attempt(101.0)]
    assert attempts(STEPS[3:5]) == []


def test_attempts_are_told_with_times_and_reasons() -> None:
    facts = told(make_row(1, S.WAITING, attempt=2, sent=3 << 20), History(STEPS, parts=3))
    assert facts["Try 1"].endswith(f", waiting after 2.0 s: {LOST}")
    assert facts["Try 2"].endswith(", done after 1.0 s")
    assert facts["Attempt"] == "2 of 8"
    assert facts["Held there"] == "3 parts, 3.0 MiB from the start on"
    assert "Queued" in facts
    running = told(make_row(1, S.TRANSFERRING), History(STEPS[:3], left_out=7))
    assert running["Try 1"].endswith(", it runs")
    assert running["Before these"] == "7 changes of its state"
    assert "Queued" not in running


def test_both_digests_are_whole_and_the_proof_has_its_exact_words() -> None:
    proof = Proof(ProofWord.MISMATCH, "sha256", "a" * 64, "b" * 64, "read back")
    facts = told(make_row(1, S.FAILED, proof=proof, expected="sha256:" + "c" * 64))
    assert facts["Proof"] == "mismatch (read back)"
    assert facts["sha256, source"] == "a" * 64
    assert facts["sha256, there"] == "b" * 64
    assert facts["Told beforehand"] == "sha256:" + "c" * 64
    assert told(make_row(1))["Proof"] == "none yet"
    assert told(make_row(1, S.CANCELLED))["Proof"] == "none"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (make_row(1, S.PARKED, park=ParkReason.CONFLICT), "Enter answers it"),
        (make_row(1, S.PARKED, park=ParkReason.OTHER), "t tries it again"),
        (make_row(1, S.PAUSED), "p goes on"),
        (make_row(1, S.FAILED), "t tries it again"),
        (make_row(1, S.DONE), None),
        (make_row(1, S.TRANSFERRING), None),
    ],
)
def test_what_helps_is_said_where_a_person_can_help(row: Row, words: str | None) -> None:
    assert told(row).get("What helps") == words


def test_what_is_not_known_is_said_to_be_so() -> None:
    facts = told(make_row(1, S.TRANSFERRING, size=None, moved=5))
    assert facts["Size"] == "not known"
    assert (facts["Speed"], facts["Time left"]) == ("not known", "not known")
    assert "Across" not in facts


def test_the_reason_and_a_retry_are_told() -> None:
    facts = told(make_row(1, S.WAITING, reason=LOST, retry_in=7.0))
    assert (facts["State"], facts["Why"], facts["Tried again"]) == ("waiting", LOST, "in 0:07")
    parked = told(make_row(1, S.PARKED, park=ParkReason.SIGN_IN))
    assert parked["State"] == "parked: sign-in"


def test_spans_are_told_as_exactly_as_they_matter() -> None:
    assert (took(0.42), took(-1.0), took(125.0)) == ("0.4 s", "0.0 s", "2:05")


# On the screen ----------------------------------------------------------------------------------


async def opened(pilot: AppPilot) -> JobScreen:
    await read(pilot)
    await pilot.press("w")
    await pilot.pause(0.2)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, JobScreen))
    screen = pilot.app.screen
    assert isinstance(screen, JobScreen)
    return screen


def app_on(queue: FakeQueue, folder: Path) -> WharfieApp:
    return make_app(folder, folder, queue=queue)


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_the_dialog_follows_the_transfer_and_keeps_its_cursor(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.commands.queue_jobs._LOOK_SECONDS", 0.05)
    queue = FakeQueue([make_row(1, S.TRANSFERRING, moved=1 << 19, rate=2e6, eta=3.0)])
    app = app_on(queue, tmp_path)
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: "512 KiB (50%)" in text(app))
        await pilot.press("down", "down", "down")
        on = screen.facts.current
        assert on is not None and on.name == "State"
        queue.histories[1] = History(STEPS)
        proof = Proof(ProofWord.SHA256, "sha256", "a" * 64, "a" * 64, "read back")
        reason = "it was retried"
        queue.put(make_row(1, S.DONE, proof=proof, started=100.0, ended=106.0, reason=reason))
        await until(pilot, lambda: "sha256 both ends (read back)" in text(app))
        on = screen.facts.current
        assert on is not None and (on.name, on.value) == ("State", "done")
        await pilot.press("end")
        await until(pilot, lambda: "done after 1.0 s" in text(app))


async def test_a_digest_goes_to_the_clipboard_whole(tmp_path: Path) -> None:
    proof = Proof(ProofWord.SHA256, "sha256", "a" * 64, "a" * 64)
    app = app_on(FakeQueue([make_row(1, S.DONE, proof=proof)]), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        names = [fact.name for fact in screen.facts.rows]
        await pilot.press(*["down"] * names.index("sha256, there"), "c")
        await until(pilot, lambda: "copied: sha256, there" in text(app))
        assert app.clipboard == "a" * 64


async def test_at_40_by_12_there_is_the_list_and_every_choice(tmp_path: Path) -> None:
    app = app_on(FakeQueue([make_row(1, S.FAILED, reason=LOST)]), tmp_path)
    async with app.run_test(size=(40, 12)) as pilot:
        await opened(pilot)
        for words in ("Copy", "Folder", "Source", "Close", "From", "State"):
            await until(pilot, lambda words=words: words in text(app))  # type: ignore[misc]


async def test_names_and_reasons_from_elsewhere_are_literal(tmp_path: Path) -> None:
    evil = "e[red]vil[/zzz]\x1b[2J\u202ex"
    app = app_on(FakeQueue([make_row(1, S.FAILED, name=evil, reason=evil)]), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await until(pilot, lambda: "e[red]vil[/zzz]\\x1b[2J\\u202ex" in text(app))
        assert "\x1b" not in text(app) and "\u202e" not in text(app)


async def test_a_job_that_was_cleared_and_a_queue_that_is_gone_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.commands.queue_jobs._LOOK_SECONDS", 0.05)
    queue = FakeQueue([make_row(1, S.DONE)])
    app = app_on(queue, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        queue.rows.clear()
        await until(pilot, lambda: "It is no longer in the queue" in text(app))

        def gone(job: int) -> Any:
            raise RuntimeError("the host is gone")

        monkeypatch.setattr(queue, "history", gone)
        await until(pilot, lambda: "the host is gone" in text(app))
