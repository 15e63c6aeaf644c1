"""The end of the queue: noticed once, said in a sentence, and called where a person wants it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.tui.app_case import make_app, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import JobState, Snapshot, Totals
from tui.choices import NOTIFY, PROGRESS, Notify, TerminalProgress
from tui.notify import program, run_program, signals
from tui.queue_end import End, QueueEnd
from tui.settings_file import BadSettings, SettingsFile

S = JobState
KITTY = {"TERM": "xterm-kitty"}


def queue(*, held: bool = False, **counts: int) -> Snapshot:
    totals = Totals({S(name): n for name, n in counts.items()})
    return Snapshot(1, 0, totals.jobs, (), totals, held=held)


def ends(*looks: Snapshot) -> list[End | None]:
    watch = QueueEnd()
    return [watch.note(look, float(second)) for second, look in enumerate(looks)]


def test_the_end_is_told_once_with_what_became_of_the_transfers() -> None:
    told = ends(
        queue(done=5),
        queue(done=5, transferring=1, queued=2),
        queue(done=6, transferring=1, failed=1),
        queue(done=7, failed=1),
        queue(done=7, failed=1),
    )
    end = End("All transfers have ended: 2 done, 1 failed.", 2.0, good=False)
    assert told == [None, None, None, end, None]


def test_a_queue_that_was_at_rest_when_it_was_first_seen_is_no_news() -> None:
    assert ends(queue(done=5), queue(done=5)) == [None, None]


def test_what_waits_for_a_person_is_said() -> None:
    *_, end = ends(queue(transferring=2), queue(done=1, parked=1))
    assert end == End("Nothing goes on by itself: 1 done, 1 waiting for you.", 1.0, good=False)


def test_cleared_ones_do_not_count_less_than_none() -> None:
    *_, end = ends(queue(done=9, transferring=1), queue(done=1, skipped=1))
    assert end == End("All transfers have ended: 1 skipped.", 1.0, good=True)


@pytest.mark.parametrize(
    "last",
    [queue(done=1, paused=1), queue(cancelled=2), queue(held=True, done=1, queued=1)],
)
def test_who_paused_cancelled_or_held_the_rest_needs_not_be_told(last: Snapshot) -> None:
    assert ends(queue(transferring=2), last) == [None, None]


# How a person is called -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "environ", "written"),
    [
        (Notify.OFF, KITTY, ""),
        (Notify.BELL, KITTY, "\x07"),
        (Notify.DESKTOP, {}, "\x07"),
        (Notify.DESKTOP, {"TERM_PROGRAM": "iTerm.app"}, "\x1b]9;It ended: 1 done.\x07\x07"),
        (Notify.DESKTOP, {"TERM": "foot"}, "\x1b]777;notify;Wharfie;It ended: 1 done.\x07\x07"),
    ],
)
def test_the_bell_and_the_terminals_own_notification(
    how: Notify, environ: Mapping[str, str], written: str
) -> None:
    assert signals("It ended: 1 done.", how, environ) == written


def test_kitty_gets_the_text_as_base64() -> None:
    told = signals("1 done; 2 left", Notify.DESKTOP, KITTY)
    assert told.startswith("\x1b]99;i=wharfie:e=1;")
    coded = told.split(";", 2)[2].partition("\x1b")[0]
    assert base64.b64decode(coded) == b"1 done; 2 left"


def test_nothing_in_the_text_can_steer_a_terminal() -> None:
    for environ in (KITTY, {"TERM": "foot"}, {"TERM_PROGRAM": "ghostty"}):
        told = signals("a\x07\x1b]2;b\x1b\\", Notify.DESKTOP, environ)
        assert told.count("\x1b]") == 1 and told.endswith("\x07")


def find(name: str) -> str:
    return f"/usr/bin/{name}"


def test_a_program_is_run_only_where_a_person_sits_and_the_terminal_cannot() -> None:
    here = {"DISPLAY": ":0"}
    text = "-x $(rm -rf ~) `id` 'q'"
    found = program(text, Notify.DESKTOP, here, system="linux", find=find)
    assert found == ["/usr/bin/notify-send", "--app-name=Wharfie", "--", "Wharfie", text]
    mac = program(text, Notify.DESKTOP, {}, system="darwin", find=find)
    assert mac[0] == "/usr/bin/osascript" and mac[-2:] == ["--", text]
    for how, environ, system in (
        (Notify.BELL, here, "linux"),
        (Notify.OFF, here, "linux"),
        (Notify.DESKTOP, {}, "linux"),
        (Notify.DESKTOP, {**here, "SSH_TTY": "x"}, "linux"),
        (Notify.DESKTOP, {**here, **KITTY}, "linux"),
        (Notify.DESKTOP, here, "win32"),
    ):
        assert program(text, how, environ, system=system, find=find) == []
    assert program(text, Notify.DESKTOP, here, system="linux", find=lambda name: None) == []


def test_a_program_that_is_not_there_costs_nothing(tmp_path: Path) -> None:
    run_program([str(tmp_path / "missing")])


def test_settings_say_how_and_a_wrong_word_is_named(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "settings.toml")
    assert (file.get(NOTIFY), file.get(PROGRESS)) == (Notify.DESKTOP, TerminalProgress.ON)
    file.path.write_text('notify = "bell"\nterminal_progress = "off"\n')
    assert (file.get(NOTIFY), file.get(PROGRESS)) == (Notify.BELL, TerminalProgress.OFF)
    file.path.write_text('notify = "loud"\n')
    with pytest.raises(BadSettings, match='notify must be one of "desktop", "bell", "off"'):
        file.get(NOTIFY)


# On the screen ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("spent", "called"), [(0.0, 0), (60.0, 1)])
async def test_the_end_is_a_sentence_and_a_call_after_longer_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spent: float, called: int
) -> None:
    calls: list[str] = []

    def note(text: str, *_: Any) -> str:
        calls.append(text)
        return ""

    monkeypatch.setattr("tui.queue_signs.signals", note)
    monkeypatch.setattr("tui.queue_signs.program", lambda *_: [])
    monkeypatch.setattr("tui.queue_signs.LONG", 30.0)
    work = FakeQueue([make_row(1, S.TRANSFERRING)])
    app = make_app(tmp_path, tmp_path, queue=work)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await until(pilot, lambda: app.signs._end._since is not None)
        assert app.signs._end._since is not None
        app.signs._end._since -= spent
        work.put(make_row(1, S.DONE))
        await until(pilot, lambda: "All transfers have ended: 1 done." in text(app))
    assert len(calls) == called


async def test_a_choice_in_the_settings_holds_from_the_next_end_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Notify] = []

    def note(text: str, how: Notify, environ: object) -> str:
        told.append(how)
        return ""

    monkeypatch.setattr("tui.queue_signs.signals", note)
    monkeypatch.setattr("tui.queue_signs.program", lambda *_: [])
    settings = SettingsFile(tmp_path / "settings.toml")
    app = make_app(tmp_path, tmp_path, settings=settings)
    end = End("It ended.", 60.0, good=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        app.signs._call(end)
        settings.set(NOTIFY, Notify.OFF)
        app.signs._call(end)
    assert told == [Notify.DESKTOP, Notify.OFF]
