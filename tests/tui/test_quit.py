"""Leaving the screen: what becomes of transfers that run, and what is remembered of the answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.app_case import AppPilot, Tree, at, make_app, opener, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import Hold, JobState, ParkReason, Snapshot
from tui.app import WharfieApp
from tui.choices import ON_QUIT, OnQuit
from tui.screens.prompt import PromptScreen
from tui.screens.quit import QuitScreen
from tui.settings_file import BadSettings, SettingsFile


class Leaver:
    """An app on a queue that could go on in the background, and what was done about that."""

    def __init__(
        self, *states: JobState, settings: SettingsFile | None = None, background: bool = True
    ) -> None:
        self.queue = FakeQueue([make_row(i, state) for i, state in enumerate(states, 1)])
        self.stopped = 0
        self.app: WharfieApp = make_app(
            at("x"),
            at("y"),
            queue=self.queue,
            opener=opener(x=Tree(["/a"]), y=Tree()),
            settings=settings,
            pause_and_stop=self._stop if background else None,
        )

    def _stop(self) -> None:
        self.stopped += 1

    async def quits_with(self, *keys: str) -> str:
        """Press `keys`; what is printed once the panes are gone."""
        async with self.app.run_test(size=(100, 30)) as pilot:
            await read(pilot)
            await pilot.press("q")
            if keys:
                await dialog(pilot)
                await pilot.press(*keys)
            await until(pilot, lambda: self.app._exit)
        return "\n".join(self.app.leaving.lines)


async def dialog(pilot: AppPilot) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, QuitScreen))
    await pilot.pause()


RUNNING = (JobState.TRANSFERRING, JobState.QUEUED, JobState.WAITING, JobState.DONE)


@pytest.mark.parametrize(
    "states",
    [(), (JobState.DONE, JobState.FAILED), (JobState.PAUSED, JobState.PARKED)],
    ids=["empty", "finished", "resting"],
)
async def test_quit_is_immediate_when_nothing_runs(states: tuple[JobState, ...]) -> None:
    leaver = Leaver(*states)
    assert await leaver.quits_with() == ""
    assert leaver.queue.sent == []


async def test_keeping_leaves_the_queue_alone_and_says_where_it_is() -> None:
    leaver = Leaver(*RUNNING)
    said = await leaver.quits_with("k")
    assert said == "3 transfers go on in the background: wharfie attach shows them."
    assert leaver.queue.sent == [] and not leaver.stopped


async def test_finishing_starts_nothing_more() -> None:
    leaver = Leaver(*RUNNING)
    assert "1 transfer is being finished in the background" in await leaver.quits_with("f")
    assert leaver.queue.sent == [Hold()] and not leaver.stopped


async def test_finishing_tells_of_what_still_runs_when_it_was_answered() -> None:
    leaver = Leaver(JobState.TRANSFERRING, JobState.QUEUED)
    async with leaver.app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("q")
        await dialog(pilot)
        leaver.queue.rows[0] = make_row(1, JobState.DONE)
        await pilot.press("f")
        await until(pilot, lambda: leaver.app._exit)
    said = "Nothing runs any more; 1 transfer is left and held: "
    said += "H in the next wharfie goes on, or wharfie queue run."
    assert leaver.app.leaving.lines == [said]


async def test_pausing_stops_the_process_that_works_the_queue() -> None:
    leaver = Leaver(*RUNNING)
    assert "3 transfers are paused" in await leaver.quits_with("p")
    assert leaver.stopped == 1


@pytest.mark.parametrize("key", ["q", "f10", "ctrl+q"])
async def test_each_quit_key_asks_and_escape_stays(key: str) -> None:
    leaver = Leaver(*RUNNING)
    async with leaver.app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press(key)
        await dialog(pilot)
        assert "3 transfers are not finished" in text(leaver.app)
        await pilot.press("escape")
        await until(pilot, lambda: leaver.app.screen is leaver.app.main)
        assert not leaver.app._exit
        await pilot.press(key)  # and it asks again
        await dialog(pilot)


async def test_ctrl_q_works_behind_a_dialog_and_twice_leaves_the_queue_running() -> None:
    leaver = Leaver(*RUNNING)
    async with leaver.app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("f7")
        await until(pilot, lambda: isinstance(leaver.app.screen, PromptScreen))
        await pilot.press("ctrl+q")
        await dialog(pilot)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: leaver.app._exit)
    assert "go on in the background" in leaver.app.leaving.lines[0]
    assert not leaver.stopped


async def test_a_queue_that_ends_with_the_screen_offers_to_stop_or_stay_only() -> None:
    leaver = Leaver(*RUNNING, background=False)
    async with leaver.app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("q")
        await dialog(pilot)
        assert "stay in the queue" in text(leaver.app)
        assert "background" not in text(leaver.app)
        await pilot.press("y")
        await until(pilot, lambda: leaver.app._exit)
    assert leaver.app.leaving.lines == []


async def test_held_transfers_do_not_run_and_are_not_asked_about() -> None:
    leaver = Leaver(JobState.QUEUED)
    leaver.queue.held = True
    assert await leaver.quits_with() == ""


async def test_a_queue_that_does_not_answer_keeps_nobody_here() -> None:
    def broken(first: int = 0, limit: int = 200) -> Snapshot:
        raise ConnectionResetError("the process is gone")

    leaver = Leaver(*RUNNING)
    async with leaver.app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        leaver.queue.snapshot = broken  # type: ignore[method-assign]
        await pilot.press("q")
        await until(pilot, lambda: leaver.app._exit)
    assert "the process is gone" in leaver.app.leaving.lines[0]


# What is remembered


@pytest.fixture
def settings(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "settings.toml")


@pytest.mark.parametrize(("key", "kept"), [("k", OnQuit.KEEP), ("p", OnQuit.STOP)])
async def test_an_answer_is_remembered_and_given_without_asking(
    key: str, kept: OnQuit, settings: SettingsFile
) -> None:
    await Leaver(*RUNNING, settings=settings).quits_with("d", key)
    assert settings.get(ON_QUIT) is kept
    again = Leaver(*RUNNING, settings=settings)
    assert await again.quits_with() != ""
    assert again.stopped == (kept is OnQuit.STOP)


async def test_finishing_is_never_remembered(settings: SettingsFile) -> None:
    await Leaver(*RUNNING, settings=settings).quits_with("d", "f")
    assert settings.get(ON_QUIT) is OnQuit.ASK


async def test_an_answer_without_the_tick_is_not_remembered(settings: SettingsFile) -> None:
    await Leaver(*RUNNING, settings=settings).quits_with("k")
    assert not settings.path.exists()


BROKEN: dict[str, Callable[[Path], object]] = {
    "not toml": lambda path: path.write_text("on_quit = [keep\n"),
    "not a choice": lambda path: path.write_text('on_quit = "whatever"\n'),
    "not text": lambda path: path.write_text("on_quit = 3\n"),
    "not utf-8": lambda path: path.write_bytes(b'on_quit = "\xff"\n'),
    "a folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_broken_settings_are_a_sentence_and_the_question_is_asked(
    how: str, settings: SettingsFile
) -> None:
    BROKEN[how](settings.path)
    leaver = Leaver(*RUNNING, settings=settings)
    async with leaver.app.run_test(size=(160, 30)) as pilot:
        await read(pilot)
        await pilot.press("q")
        await dialog(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "settings.toml" in text(leaver.app))
        assert not leaver.app._exit


async def test_settings_that_cannot_be_saved_are_said_after_leaving(
    settings: SettingsFile,
) -> None:
    settings.path.write_text("this is no toml\n")
    said = await Leaver(*RUNNING, settings=settings).quits_with("d", "k")
    assert "go on in the background" in said and "this is not TOML" in said
    assert settings.path.read_text() == "this is no toml\n"


def test_what_a_person_wrote_by_hand_stays_as_it_was(settings: SettingsFile) -> None:
    by_hand = '# mine\r\n[theme]   # below\r\nname  =  "dark"\r\n'
    settings.path.write_bytes(by_hand.encode())
    settings.set(ON_QUIT, OnQuit.KEEP)
    settings.set(ON_QUIT, OnQuit.STOP)
    written = settings.path.read_bytes().decode()
    assert written.startswith("# mine\r\n")
    assert written.endswith('[theme]   # below\r\nname  =  "dark"\r\n')
    assert settings.get(ON_QUIT) is OnQuit.STOP
    assert written.count("on_quit") == 1


def test_the_settings_are_for_their_owner_and_a_link_to_them_stays(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "wharfie.toml"
    real.parent.mkdir()
    real.write_text('# here\non_quit = "ask" # for now\n')
    link = tmp_path / "settings.toml"
    link.symlink_to(real)
    SettingsFile(link).set(ON_QUIT, OnQuit.KEEP)
    assert link.is_symlink()
    assert real.read_text() == '# here\non_quit = "keep" # for now\n'
    assert real.stat().st_mode & 0o077 == 0
    assert [path.name for path in real.parent.iterdir()] == ["wharfie.toml"]


def test_settings_in_a_folder_that_cannot_be_written_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="cannot be saved"):
        SettingsFile(tmp_path / "missing" / "settings.toml").set(ON_QUIT, OnQuit.KEEP)


async def test_a_single_one_at_rest_is_told_in_the_singular() -> None:
    leaver = Leaver(JobState.TRANSFERRING, JobState.PAUSED)
    async with leaver.app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("q")
        await dialog(pilot)
        assert "1 more is paused or waits for an answer" in text(leaver.app)


async def test_parked_ones_are_counted_apart() -> None:
    leaver = Leaver(JobState.TRANSFERRING, JobState.PAUSED)
    leaver.queue.rows.append(make_row(9, JobState.PARKED, park=ParkReason.SPACE))
    async with leaver.app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("q")
        await dialog(pilot)
        assert "2 more are paused or wait for an answer" in text(leaver.app)
