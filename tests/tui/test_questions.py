"""What parked transfers ask: when, how often, and for whom an answer is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from providers.base import Entry, Kind
from providers.errors import AuthRequired
from providers.person_sign_in import SignedIn
from tests.tui.app_case import AppPilot, Tree, at, make_app, opener, read, text, until
from tests.tui.attempts import FakeAttempt
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import Conflict, Grant, JobState, ParkReason, Policy, Resolve, Row, Unpark
from tui.app import WharfieApp
from tui.screens.conflict import ConflictScreen
from tui.screens.device_code import DeviceCodeScreen
from tui.screens.prompt import PromptScreen
from tui.screens.secret import SecretScreen


@pytest.fixture(autouse=True)
def no_deaf_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody types here by accident."""
    monkeypatch.setattr("tui.questions.QUIET", 0.0)


def parked(job: int) -> Row:
    there = Entry("/f", f"f{job}", Kind.FILE, 1, 1.0)
    row = make_row(job, JobState.PARKED, park=ParkReason.CONFLICT, batch=7)
    return replace(row, conflict=Conflict(there, there))


def asking(queue: FakeQueue) -> WharfieApp:
    return make_app(at("x"), at("y"), queue=queue, opener=opener(x=Tree(), y=Tree()))


class Locked(Tree):
    """A place that wants a password."""

    def resolve(self, path: str) -> str:
        raise AuthRequired("memory://x")


async def dialog(pilot: AppPilot, kind: type = ConflictScreen) -> None:
    """Wait for a dialog of that kind, and until it is drawn."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    await pilot.pause()


def sent(queue: FakeQueue, kind: type) -> list[object]:
    return [command for command in queue.sent if isinstance(command, kind)]


async def test_a_conflict_is_asked_once_and_the_answer_sent() -> None:
    queue = FakeQueue()
    app = asking(queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        queue.put(parked(1))
        await dialog(pilot, ConflictScreen)
        await pilot.press("o")
        await until(pilot, lambda: sent(queue, Resolve))
        assert sent(queue, Resolve) == [Resolve(1, Policy.OVERWRITE, False)]
        await pilot.pause(0.2)
        assert app.screen is app.main


async def test_a_dismissed_conflict_waits_until_it_is_wanted() -> None:
    queue = FakeQueue([parked(1)])  # parked since the last run
    app = asking(queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await dialog(pilot, ConflictScreen)
        await pilot.press("escape")
        await read(pilot)
        queue.put(make_row(2, JobState.DONE))
        await pilot.pause(0.3)
        assert app.screen is app.main
        await pilot.press("!")
        await dialog(pilot, ConflictScreen)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        assert not sent(queue, Resolve)


async def test_later_puts_off_all_conflicts_of_a_copy_and_not_only_one() -> None:
    queue = FakeQueue([parked(1), parked(2)])
    app = asking(queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await dialog(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "! asks again" in text(app))
        queue.put(parked(3))
        await pilot.pause(0.3)
        assert app.screen is app.main
        await pilot.press("!")
        await dialog(pilot)


async def test_an_answer_for_all_counts_what_has_not_met_its_conflict_yet() -> None:
    queue = FakeQueue([make_row(n, batch=7) for n in range(2, 40)])
    app = asking(queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        queue.put(parked(1))
        await dialog(pilot)
        assert "(38 to go)" in text(app)
        await pilot.press("a", "s")
        await until(pilot, lambda: sent(queue, Resolve))
        assert sent(queue, Resolve) == [Resolve(1, Policy.SKIP, True)]


async def test_a_question_never_takes_the_keys_of_another_dialog() -> None:
    queue = FakeQueue()
    app = asking(queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("f7")
        await dialog(pilot, PromptScreen)
        queue.put(parked(1))
        await pilot.pause(0.3)
        await pilot.press(*"so")
        assert app.screen.query_one(Input).value == "so"
        await pilot.press("escape")
        await dialog(pilot)  # its turn now
        assert not sent(queue, Resolve)


async def test_a_queue_that_stopped_costs_a_sentence_and_not_the_screen(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    (tmp_path / "to").mkdir()
    queue = FakeQueue()
    queue.error = RuntimeError("the queue is closed")
    app = make_app(tmp_path, tmp_path / "to", queue=queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("end", "f5")
        await until(pilot, lambda: "the queue is closed" in text(app))
        queue.put(parked(1))
        await dialog(pilot)
        await pilot.press("o")
        await until(pilot, lambda: app.screen is app.main)
        await until(pilot, lambda: "start Wharfie again" in text(app))


async def test_what_was_answered_elsewhere_unseen_is_not_asked() -> None:
    queue = FakeQueue([parked(1), parked(2)])
    app = asking(queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await dialog(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        queue.rows = [make_row(1, JobState.DONE, batch=7), make_row(2, JobState.QUEUED, batch=7)]
        queue.tell_nothing()
        assert app.main is not None
        questions = app.main.questions
        await until(pilot, lambda: questions.waiting == 0)
        await pilot.press("!")
        await until(pilot, lambda: "No transfer waits for an answer" in text(app))


@pytest.mark.parametrize(
    ("there", "says"),
    [
        (b"0123456789", "Same contents: all 10 bytes were compared."),
        (b"01234x6789", "Different from byte 6 on."),
    ],
)
async def test_a_conflict_says_whether_the_contents_are_equal(there: bytes, says: str) -> None:
    x, y, queue = Tree(["/f"]), Tree(["/f"]), FakeQueue()
    x.store.nodes["/f"].data, y.store.nodes["/f"].data = bytearray(b"0123456789"), bytearray(there)
    row = make_row(1, JobState.PARKED, park=ParkReason.CONFLICT, source=at("x"), target=at("y"))
    app = make_app(at("x"), at("y"), queue=queue, opener=opener(x=x, y=y))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        queue.put(replace(row, conflict=Conflict(x.stat("/f"), y.stat("/f"))))
        await dialog(pilot)
        await until(pilot, lambda: says in text(app))
        await pilot.press("s")
        await until(pilot, lambda: sent(queue, Resolve))


async def test_contents_that_cannot_be_compared_are_said_so_and_the_question_stays() -> None:
    queue = FakeQueue([parked(1)])
    app = make_app(at("x"), at("y"), queue=queue, opener=opener(x=Tree(), y=Tree()))
    row = make_row(1, JobState.PARKED, park=ParkReason.CONFLICT, source=at("x"), target=at("y"))
    queue.rows = [replace(row, conflict=parked(1).conflict)]
    async with app.run_test(size=(80, 24)) as pilot:
        await dialog(pilot)
        await until(
            pilot, lambda: "The contents were not compared. /f: does not exist." in text(app)
        )
        await pilot.press("s")
        await until(pilot, lambda: sent(queue, Resolve))


async def test_what_was_parked_unseen_is_asked() -> None:
    queue = FakeQueue([make_row(1, batch=7)])
    app = asking(queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        queue.rows = [parked(1)]
        queue.tell_nothing()
        await dialog(pilot)
        await pilot.press("o")
        await until(pilot, lambda: sent(queue, Resolve) == [Resolve(1, Policy.OVERWRITE, False)])


def refused(job: int, **job_facts: object) -> Row:
    facts = {"park": ParkReason.SIGN_IN, "asks": "memory://x", **job_facts}
    return make_row(job, JobState.PARKED, **facts)  # type: ignore[arg-type]


async def test_a_queue_that_is_refused_where_the_screen_is_not_gets_a_password_of_its_own() -> None:
    queue = FakeQueue()
    app = asking(queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        queue.put(refused(1))
        await until(pilot, lambda: sent(queue, Unpark))
        assert app.screen is app.main  # nothing is asked where nothing needs to be
        queue.put(make_row(1, JobState.QUEUED))
        queue.put(refused(1))  # again: it has no key that this screen has
        await dialog(pilot, SecretScreen)
        assert "a sign-in of their own" in text(app)
        await pilot.press(*"word", "enter")
        await until(pilot, lambda: len(sent(queue, Unpark)) == 2)
        assert queue.grants[-1] == Grant("memory://x", (("password", "", "word"),))


async def test_where_a_person_signs_in_on_a_page_the_queue_gets_no_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attempts = FakeAttempt()
    monkeypatch.setattr("providers.registry.sign_in", lambda endpoint, access: attempts())
    queue = FakeQueue()
    app = asking(queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        queue.put(refused(1))
        await until(pilot, lambda: len(sent(queue, Unpark)) == 1)
        queue.put(make_row(1, JobState.QUEUED))
        queue.put(refused(1))
        await dialog(pilot, DeviceCodeScreen)
        await until(pilot, lambda: "ABCD-EFGH" in text(app))
        assert "a sign-in of their own" in text(app)
        attempts.made[-1].ends(SignedIn("ann@example.com"))
        await until(pilot, lambda: len(sent(queue, Unpark)) == 2)


async def test_a_page_that_nothing_waits_for_any_more_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The job was cancelled, or another shell has signed in."""
    attempts = FakeAttempt()
    monkeypatch.setattr("providers.registry.sign_in", lambda endpoint, access: attempts())
    queue = FakeQueue()
    app = asking(queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        queue.put(refused(1))
        await until(pilot, lambda: len(sent(queue, Unpark)) == 1)
        queue.put(make_row(1, JobState.QUEUED))
        queue.put(refused(1))
        await dialog(pilot, DeviceCodeScreen)
        await until(pilot, lambda: "ABCD-EFGH" in text(app))
        queue.put(make_row(1, JobState.CANCELLED))
        await until(pilot, lambda: app.screen is app.main)
        await until(pilot, lambda: attempts.made[-1].cancelled)


async def test_a_new_process_behind_the_queue_is_let_in_without_a_question() -> None:
    queue = FakeQueue()
    app = asking(queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        queue.put(refused(1))
        await until(pilot, lambda: len(sent(queue, Unpark)) == 1)
        queue.rows = [refused(1)]
        queue.tell_nothing()
        await until(pilot, lambda: len(sent(queue, Unpark)) == 2)
        assert app.screen is app.main


async def test_a_host_key_the_queue_alone_refuses_is_not_asked_for_ever() -> None:
    queue = FakeQueue()
    app = asking(queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        for _ in range(3):
            queue.put(refused(1, park=ParkReason.HOST_KEY))
            await pilot.pause(0.2)
            queue.put(make_row(1, JobState.QUEUED))
        assert len(sent(queue, Unpark)) == 1
        assert app.screen is app.main


async def test_a_question_that_is_answered_elsewhere_goes_away() -> None:
    queue = FakeQueue([parked(1)])
    app = asking(queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await dialog(pilot)
        queue.put(make_row(1, JobState.QUEUED, batch=7))
        await until(pilot, lambda: app.screen is app.main)
        await until(pilot, lambda: "answered elsewhere" in text(app))
        queue.put(parked(1))  # and it may ask anew
        await dialog(pilot)
        assert not sent(queue, Resolve)


@pytest.mark.parametrize("how", ["pushed", "unseen"])
async def test_a_password_that_no_transfer_needs_any_more_is_not_asked_for(how: str) -> None:
    queue = FakeQueue()
    app = asking(queue)

    def cancel(job: int) -> None:
        if how == "pushed":
            queue.put(make_row(job, JobState.CANCELLED))
        else:
            queue.rows = [row for row in queue.rows if row.job.id != job]
            queue.tell_nothing()

    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        queue.put(refused(1))
        await until(pilot, lambda: sent(queue, Unpark))
        queue.put(make_row(1, JobState.QUEUED))
        queue.put(refused(1))
        queue.put(refused(2))
        await dialog(pilot, SecretScreen)
        await pilot.press(*"wo")
        cancel(1)
        await pilot.pause(0.2)
        assert isinstance(app.screen, SecretScreen)  # another one waits for the same
        cancel(2)
        await until(pilot, lambda: app.screen is app.main)
        await until(pilot, lambda: "Nothing waits for memory://x any more" in text(app))
        assert len(sent(queue, Unpark)) == 1
        queue.put(refused(3))  # and for the next that needs it there is an answer again
        asked = SecretScreen if how == "pushed" else type(app.main)
        await until(
            pilot, lambda: len(sent(queue, Unpark)) == 2 or isinstance(app.screen, SecretScreen)
        )
        assert isinstance(app.screen, asked)


async def test_a_sign_in_for_a_pane_stays_when_a_transfer_to_it_is_cancelled() -> None:
    queue = FakeQueue()
    locked = Locked()
    app = make_app(at("x"), at("y"), queue=queue, opener=opener(x=locked, y=Tree()))
    async with app.run_test(size=(100, 30)) as pilot:
        await dialog(pilot, SecretScreen)  # the pane's own
        queue.put(refused(1))
        queue.put(make_row(1, JobState.CANCELLED))
        await pilot.pause(0.2)
        assert isinstance(app.screen, SecretScreen)


class LockedFile(Tree):
    """A web server: everybody is let in, up to a file that wants a token."""

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        raise AuthRequired("memory://x", needs="token")


async def test_what_is_asked_is_found_out_at_the_file_that_waits() -> None:
    queue = FakeQueue()
    app = make_app(at("y"), at("y"), queue=queue, opener=opener(x=LockedFile(), y=Tree()))
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        queue.put(refused(1))
        await dialog(pilot, SecretScreen)
        assert "token" in text(app.screen).lower()
