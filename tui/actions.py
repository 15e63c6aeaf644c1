"""What the keys for files and places do: ask, carry out in a thread, say how it went.

Each runs as a worker of the main screen. Errors are ProviderErrors and end in one sentence there.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from providers import location
from providers.base import Entry, Place
from providers.errors import AlreadyExists, InvalidName
from providers.sites import BadSites
from providers.text import printable
from transfers.model import Enqueue, NewJob, Policy
from transfers.scan import ScanCancelled, plan_tree
from tui import file_operations as files
from tui.background import in_thread
from tui.file_operations import Deletion, Stopped
from tui.screens.confirm import ConfirmScreen
from tui.screens.connect import ConnectScreen
from tui.screens.prompt import PromptScreen
from tui.sign_in import show
from tui.trial import look_at
from tui.widgets.file_pane import FilePane
from tui.widgets.transfer_panel import TransferPanel

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

T = TypeVar("T")


async def transfer(screen: MainScreen, source: FilePane, target: FilePane, *, move: bool) -> None:
    """Plan the copy or move of what is selected, and hand it to the queue."""
    entries, verb = source.selected, "Move" if move else "Copy"
    if not entries:
        screen.say(f"Nothing to {verb.lower()}: put the cursor on an entry, or mark some.")
        return
    if source.place == target.place:
        screen.say("Both panes show the same folder. Go elsewhere in one of them first.")
        return
    if complaint := target_complaint(target):
        screen.say(complaint)
        return
    jobs = await _plan(screen, source.place, entries, target.place, move=move)
    if jobs is None:
        screen.say("Planning stopped; nothing was queued.")
        return
    await hand_over(screen, jobs, source.place.endpoint, target.place.endpoint)
    source.list.mark(entries, marked=False)
    noun = "job" if len(jobs) == 1 else "jobs"
    said = f"{verb}: {len(jobs):,} {noun} queued, to {printable(location.show(target.place))}"
    held = screen.query_one(TransferPanel).held
    screen.say(f"{said}; the queue is held: w, then H, goes on" if held else said)


def target_complaint(target: FilePane) -> str:
    """Why nothing can be copied into the folder that `target` shows; "" when it can."""
    if target.read_once:
        return ""
    if not target.idle:
        return "The other pane is still being read. Try again in a moment."
    return "The other pane shows no folder to copy into. Open one there first."


async def hand_over(
    screen: MainScreen, jobs: tuple[NewJob, ...], *ends: str, policy: Policy = Policy.ASK
) -> None:
    """Give `jobs` to the queue, and what lets it into `ends` (endpoints). Raises ProviderError."""
    services = screen.services

    def enqueue() -> None:
        services.grant(*sorted(set(ends)))
        services.tell_queue(Enqueue(jobs, policy=policy, verify=services.verify))

    await in_thread(enqueue)


async def change(screen: MainScreen, call: Callable[[], T], doing: str) -> T:
    """The result of `call`, which changes a place: whoever stops waiting for it is told so."""
    try:
        return await screen.services.sign_in.call(call)
    except asyncio.CancelledError:
        screen.say(f"{doing} was under way when its dialog was closed. Look whether it was done.")
        raise


async def _plan(
    screen: MainScreen, source: Place, entries: list[Entry], target: Place, *, move: bool
) -> tuple[NewJob, ...] | None:
    connections = screen.services.connections

    def plan(report: Callable[[int], None], cancelled: Callable[[], bool]) -> tuple[NewJob, ...]:
        to = connections.open(target.endpoint)
        files.writer(to, target.endpoint)
        start = connections.open(source.endpoint)
        return plan_tree(
            start,
            entries,
            source.endpoint,
            to,
            target,
            move=move,
            on_progress=report,
            cancelled=cancelled,
        )

    try:
        return await _with_progress(screen, "Planning", plan)
    except (ScanCancelled, Stopped):
        return None


async def _with_progress(
    screen: MainScreen, doing: str, work: Callable[[Callable[[int], None], Callable[[], bool]], T]
) -> T:
    """Run `work(report, cancelled)` through the sign-in flow; Esc cancels it."""
    stop = threading.Event()
    title = f"{doing}…"

    def report(count: int) -> None:
        screen.app.call_later(screen.progress, f"{title} {count:,}")

    screen.progress(title)
    screen.stoppable.append(stop)
    try:
        return await screen.services.sign_in.call(lambda: work(report, stop.is_set))
    finally:
        stop.set()
        screen.stoppable.remove(stop)
        screen.progress("")


async def make_dir(screen: MainScreen, pane: FilePane) -> None:
    """Ask for a name and make a folder of it."""
    provider, place = pane.provider, pane.place
    target = files.writer(provider, place.endpoint)
    if not pane.read_once:
        screen.say("This pane shows no folder to make one in. Open one first.")
        return
    name = await show(
        screen.app,
        PromptScreen(
            "New folder",
            "Name",
            check=lambda text: files.name_complaint(provider, place.path, text),
        ),
    )
    if name:
        path = provider.join(place.path, name)
        await _giving_name(screen, lambda: target.make_dir(path))
        pane.reread(focus=path)


async def rename(screen: MainScreen, pane: FilePane) -> None:
    """Give the entry under the cursor another name."""
    provider, place, entry = pane.provider, pane.place, pane.list.current
    target = files.writer(provider, place.endpoint)
    if entry is None:
        screen.say("Nothing to rename: put the cursor on an entry.")
        return
    name = await show(
        screen.app,
        PromptScreen(
            "Rename",
            "New name",
            entry.name,
            check=lambda text: files.name_complaint(provider, place.path, text),
            select_stem=True,
        ),
    )
    if name and name != entry.name:
        path = provider.join(place.path, name)
        await _giving_name(screen, lambda: target.rename(entry.path, path))
        pane.reread(focus=path)


async def _giving_name(screen: MainScreen, work: Callable[[], object]) -> None:
    try:
        await screen.services.sign_in.call(work)
    except AlreadyExists as error:
        raise AlreadyExists(error.path, error.what, advice="Choose another name.") from error


async def delete(screen: MainScreen, pane: FilePane) -> None:
    """Delete what is selected, after a question."""
    provider, place, entries = pane.provider, pane.place, pane.selected
    files.writer(provider, place.endpoint)
    if not entries:
        screen.say("Nothing to delete: put the cursor on an entry, or mark some.")
        return
    lines = [
        f"{files.counted(entries)} in {location.show(place)}",
        *files.names_listed(entries),
        "This cannot be undone.",
    ]
    if not await show(screen.app, ConfirmScreen("Delete?", lines, "Delete", dangerous=True)):
        return

    def work(report: Callable[[int], None], cancelled: Callable[[], bool]) -> Deletion:
        return files.delete_tree(
            provider, place.endpoint, entries, on_progress=report, cancelled=cancelled
        )

    try:
        done = await _with_progress(screen, "Deleting", work)
    except Stopped:
        screen.say("Deleting stopped; what was deleted until then is gone.")
    else:
        _say_deleted(screen, done)
    finally:
        pane.reread()


def _say_deleted(screen: MainScreen, done: Deletion) -> None:
    gone = f"{done.deleted:,} deleted"
    if done.first_error is None:
        screen.say(f"{gone}.")
    else:
        screen.say(f"{gone}, {done.failed:,} could not be. First: {done.first_error}", "error")


async def connect(screen: MainScreen, pane: FilePane) -> None:
    """Ask for a place and open it in `pane`."""
    services = screen.services

    async def try_place(place: Place) -> str:
        provider = await in_thread(lambda: services.connections.open(place.endpoint))
        return await services.sign_in.call(lambda: look_at(provider, place))

    place = await show(
        screen.app,
        ConnectScreen(
            services.recent,
            services.access,
            try_place=try_place,
            changed=services.connections.drop,
        ),
    )
    if place is not None:
        screen.services.remember_place(place)
        pane.open(place, typed=True)


async def go_to(screen: MainScreen, pane: FilePane) -> None:
    """Ask for a path or an address and open it in `pane`."""
    provider, here, sites = pane.provider, pane.place, screen.services.access.sites

    def complaint(text: str) -> str | None:
        try:
            files.typed_place(provider, here, text, sites)
        except (InvalidName, BadSites) as error:
            return str(error)
        return None

    text = await show(
        screen.app,
        PromptScreen(
            "Go to", "Path, address (sftp://user@host/path) or site:path", here.path, complaint
        ),
    )
    if text:
        pane.open(files.typed_place(provider, here, text, sites), typed=True)


async def mark_matching(screen: MainScreen, pane: FilePane, marked: bool) -> None:
    """Ask for a pattern and mark what it matches, or take the marks away."""
    title = "Mark" if marked else "Unmark"
    pattern = await show(screen.app, PromptScreen(title, "Pattern", "*"))
    if pattern:
        pane.mark_matching(pattern, marked)
