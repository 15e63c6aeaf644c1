"""Many names at once, written in the person's own editor and shown before anything is done."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from providers.base import Entry, Provider
from providers.errors import ProviderError
from tui import bulk_rename, changes
from tui import file_operations as files
from tui.bulk_rename import BadNames, Move, Outcome
from tui.commands.noting import note
from tui.commands.work import with_progress
from tui.editing.editor import editor_words, run_editor
from tui.screens.dialog import Choice
from tui.screens.moves import CLOSE, EDIT, MovesScreen, Row
from tui.sign_in import show
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

_DONE = Choice("close", "enter", "Close")
_LARGEST = 64 << 20  # bytes of names that are read back


async def rename_marked(screen: MainScreen, pane: FilePane) -> None:
    """Let the names of the marked entries be edited, and rename what has another one then."""
    provider, entries = pane.provider, pane.selected
    files.writer(provider, pane.place.endpoint)
    text = bulk_rename.written(entry.name for entry in entries)
    while True:
        edited = _edit(screen, text)
        if edited is None or edited == bulk_rename.written(entry.name for entry in entries):
            screen.say("No name was changed.")
            return
        text = edited
        answer, wanted = await _agreed(screen, provider, entries, text)
        if answer != EDIT.id:
            break
    if answer == "go":
        await _carry_out(screen, pane, provider, wanted)


def _edit(screen: MainScreen, text: str) -> str | None:
    """What the editor made of `text`; None when it gave up. Raises Unsupported."""
    words = editor_words(os.environ)
    with tempfile.TemporaryDirectory(prefix="wharfie-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "names.txt"
        path.write_bytes(text.encode())
        if run_editor(screen.app, words, path) != 0 or path.stat().st_size > _LARGEST:
            return None
        return path.read_bytes().decode("utf-8", "surrogateescape")


async def _agreed(
    screen: MainScreen, provider: Provider, entries: Sequence[Entry], text: str
) -> tuple[str | None, list[Move]]:
    """What the person says to the plan, and the plan."""
    moves: list[Move] = []
    try:
        names = bulk_rename.read_names(text, len(entries))
        moves = bulk_rename.moves(provider, [entry.path for entry in entries], names)
        there = await screen.services.sign_in.call(lambda: _there(provider, moves))
        bulk_rename.refuse_collisions(moves, there)
    except (BadNames, OSError) as error:
        rows = [_row(provider, move) for move in moves]
        wrong = f"{error} Nothing was renamed."
        dialog = MovesScreen("Rename", "These names cannot be given.", rows, (EDIT, CLOSE),
                             wrong=wrong)  # fmt: skip
        return await show(screen.app, dialog), []
    if not moves:
        return "", []
    said = f"{_counted(len(moves))} of {len(entries):,} to be renamed."
    rows = [_row(provider, move) for move in moves]
    choices = (Choice("go", "enter", "Rename"), EDIT, CLOSE)
    doubt = _doubt(provider, bulk_rename.alike(moves, there))
    dialog = MovesScreen("Rename these?", said, rows, choices, doubt=doubt)
    return await show(screen.app, dialog), moves


def _there(provider: Provider, moves: Sequence[Move]) -> set[str]:
    """The addresses of all that stands in the folders concerned. Blocking."""
    folders = {provider.parent(move.target) for move in moves}
    return {e.path for path in folders for page in provider.list_dir(path) for e in page}


def _doubt(provider: Provider, alike: Sequence[str]) -> str:
    if not alike:
        return ""
    name = provider.name(alike[0])
    return (
        f"“{name}” differs from another name only in letter case or accents: some disks take the "
        "two for one, and refuse it."
    )


def _row(provider: Provider, move: Move, word: str = "") -> Row:
    return Row(provider.name(move.source), provider.name(move.target), move.source, word)


def _counted(count: int) -> str:
    return "1 name" if count == 1 else f"{count:,} names"


async def _carry_out(
    screen: MainScreen, pane: FilePane, provider: Provider, wanted: Sequence[Move]
) -> None:
    target, endpoint = files.writer(provider, pane.place.endpoint), pane.place.endpoint
    plan = bulk_rename.steps(wanted, lambda move: changes.temporary(provider, move))

    def work(report: Callable[[int], None], cancelled: Callable[[], bool]) -> tuple[Outcome, bool]:
        outcome = bulk_rename.perform(target, wanted, plan, on_progress=report, cancelled=cancelled)
        done = outcome.done
        noted = done and note(screen, lambda: changes.renamed(provider, endpoint, done))
        return outcome, bool(noted)

    try:
        outcome, noted = await with_progress(screen, "Renaming", work)
    finally:
        pane.list.clear_marks()
        pane.reread()
    if outcome.left:
        await _report(screen, provider, outcome)
    else:
        undo = screen.services.key_map.named("undo")
        back = f"; {undo} takes that back" if noted else ""
        screen.say(f"{_counted(len(outcome.done))} changed{back}.")


async def _report(screen: MainScreen, provider: Provider, outcome: Outcome) -> None:
    """What was renamed, and what was not."""
    rows = [_row(provider, move, "left") for move in outcome.left]
    rows += [_row(provider, move, "done") for move in outcome.done]
    said = f"{len(outcome.done):,} renamed, {len(outcome.left):,} left as they were."
    dialog = MovesScreen("Renaming stopped", said, rows, (_DONE,), wrong=_why(provider, outcome))
    await show(screen.app, dialog)


def _why(provider: Provider, outcome: Outcome) -> str:
    error: ProviderError | None = outcome.error
    why = "You stopped it." if error is None else str(error)
    if outcome.stranded is None:
        return why
    aside, source = provider.name(outcome.stranded.source), provider.name(outcome.stranded.target)
    return f"{why} “{source}” is called “{aside}” now: give it its name by hand."
