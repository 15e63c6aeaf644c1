"""How much is in folders: added up in the background, shown where their size would stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from providers.base import Entry, Kind, Provider
from providers.records import dataclass, field
from tui import format as fmt
from tui.commands.work import with_progress
from tui.walk import Walked, walk
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

_REPORT_EVERY = 20  # pages


@dataclass(slots=True)
class Usage:
    """Bytes by folder, and what all of it comes to. `unknown`: files that tell no size."""

    folders: dict[str, int] = field(default_factory=dict)
    files: int = 0
    size: int = 0
    unknown: int = 0
    walked: Walked = field(default_factory=Walked)
    stopped: bool = False


async def usage(screen: MainScreen, pane: FilePane) -> None:
    """Add up what is in the selected folders."""
    provider, place, entries = pane.provider, pane.place, pane.selected
    if not entries:
        screen.say("Nothing to add up: put the cursor on a folder, or mark some.")
        return
    found = Usage()

    def show_folder(path: str, size: int) -> None:
        if pane.place == place:
            pane.list.measure(path, size)

    def tell(path: str, size: int) -> None:
        screen.app.call_later(show_folder, path, size)

    def work(report: Callable[[int | str], None], cancelled: Callable[[], bool]) -> None:
        measure(provider, entries, found, tell=tell, report=report, cancelled=cancelled)

    await with_progress(screen, "Adding up", work)
    screen.say(summary(found))


def measure(
    provider: Provider,
    entries: Sequence[Entry],
    found: Usage,
    *,
    tell: Callable[[str, int], None],
    report: Callable[[int | str], None],
    cancelled: Callable[[], bool],
) -> None:
    """Add `entries`, and all below the folders among them, to `found`; links are not followed.

    `tell` is given each folder when it is done. Raises ProviderError as `walk`.
    """
    for entry in entries:
        before, unread = found.size, found.walked.unread
        _add(found, [entry])
        if entry.kind is not Kind.DIR:
            continue
        pages = walk(provider, [entry.path], found.walked, cancelled=cancelled)
        for number, page in enumerate(pages):
            _add(found, page)
            if number % _REPORT_EVERY == 0:
                report(f"{found.files:,} files, {fmt.size(found.size)}")
        if cancelled():
            found.stopped = True
            return
        if found.size == before and found.walked.unread > unread:
            continue  # nothing is known of it, and that is no size
        found.folders[entry.path] = found.size - before
        tell(entry.path, found.size - before)


def _add(found: Usage, page: Sequence[Entry]) -> None:
    for entry in page:
        if entry.kind is Kind.FILE:
            found.files += 1
            found.size += entry.size or 0
            found.unknown += entry.size is None


def summary(found: Usage) -> str:
    """ "1.4 GiB in 3 files and 2 folders", and what was not counted."""
    files = "1 file" if found.files == 1 else f"{found.files:,} files"
    folders = "1 folder" if found.walked.folders == 1 else f"{found.walked.folders:,} folders"
    least = "at least " if found.unknown or found.walked.lacking or found.stopped else ""
    text = f"{least}{fmt.size(found.size)} in {files} and {folders}"
    parts = [text[0].upper() + text[1:]]
    if found.unknown:
        parts.append(f"{found.unknown:,} tell no size")
    if found.walked.lacking:
        parts.append(found.walked.lacking)
    if found.stopped:
        parts.append("stopped before the end")
    return "; ".join(parts) + "."
