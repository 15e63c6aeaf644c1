"""The receipt of the queue, saved from the screen: `SHA256SUMS`, and the same as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.base import Kind, Place
from providers.errors import InvalidName, ProviderError
from providers.location import show as shown
from providers.sites import BadSites
from providers.text import printable
from transfers.model import Job, JobState
from tui import file_operations as files
from tui.background import in_thread
from tui.commands.queue import panel_of
from tui.commands.work import change
from tui.overview import all_rows
from tui.receipt import as_file, json_lines, proven, sum_lines
from tui.saving import kind_of, save
from tui.screens.confirm import ConfirmScreen
from tui.screens.prompt import PromptScreen
from tui.sign_in import show
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

NAME = "SHA256SUMS"
_JSON = ".json"


async def export(screen: MainScreen, pane: FilePane) -> None:
    """Save what was proven of the marked copies, or of all: asks where. Raises ProviderError."""
    jobs = await _jobs(screen)
    if not proven(jobs):
        marked = panel_of(screen).view.marks
        what = "None of the marked copies is done yet." if marked else "No copy is done yet."
        panel_of(screen).notice(what)
        return
    place = await _ask_where(screen, pane, len(proven(jobs)))
    if place is None:
        return
    connections, sign_in = screen.services.connections, screen.services.sign_in
    provider = await in_thread(lambda: connections.open(place.endpoint))

    def look() -> tuple[str, list[str]]:
        path = place.path
        if kind_of(provider, path) is Kind.DIR:
            path = provider.join(path, NAME)
        return path, [each for each in (path, path + _JSON) if kind_of(provider, each) is not None]

    path, taken = await sign_in.call(look)
    if taken and not await _may_replace(screen, taken):
        return

    def write() -> None:
        contents = {path: as_file(sum_lines(jobs)), path + _JSON: as_file(json_lines(jobs))}
        for each, content in contents.items():
            save(provider, Place(place.endpoint, each), content, replace=each in taken)

    await change(screen, write, "Saving the receipt")
    where = shown(Place(place.endpoint, path))
    screen.say(f"Saved: {printable(where)}, and {printable(provider.name(path) + _JSON)}.")
    for each_pane in screen.panes:
        if each_pane.place == Place(place.endpoint, provider.parent(path)):
            each_pane.reread_soon()


async def _jobs(screen: MainScreen) -> list[Job]:
    """The marked jobs, or all of the queue."""
    panel = panel_of(screen)
    marked = set(panel.view.marks)
    rows = await screen.services.of_queue(lambda: list(all_rows(panel.queue, (JobState.DONE,))))
    return [row.job for row in rows if not marked or row.job.id in marked]


async def _ask_where(screen: MainScreen, pane: FilePane, count: int) -> Place | None:
    provider, here, sites = pane.provider, pane.place, screen.services.access.sites

    def complaint(text: str) -> str | None:
        try:
            files.typed_place(provider, here, text, sites)
        except (InvalidName, BadSites) as error:
            return str(error)
        return None

    title = f"Receipt of {'1 copy' if count == 1 else f'{count:,} copies'}"
    ask = f"Folder, or name of the file ({NAME} lines; {_JSON} beside it)"
    text = await show(screen.app, PromptScreen(title, ask, _usual(pane), complaint))
    return files.typed_place(provider, here, text, sites) if text else None


def _usual(pane: FilePane) -> str:
    """A name in the folder that the pane shows, where that can be."""
    try:
        return pane.provider.join(pane.place.path, NAME)
    except ProviderError:
        return NAME


async def _may_replace(screen: MainScreen, taken: list[str]) -> bool:
    lines = [f"It is there already: {printable(each)}" for each in taken]
    title = "Replace the old receipt?"
    return await show(screen.app, ConfirmScreen(title, lines, "Replace", dangerous=True))
