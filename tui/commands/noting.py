"""What commands enter into the list of changes, so that they can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from providers.errors import AlreadyExists, ProviderError
from providers.records import replace
from transfers.model import RENAMED, Job, Op
from tui import changes
from tui import format as fmt
from tui.background import in_thread
from tui.bulk_rename import Move
from tui.changes import Change, Did

if TYPE_CHECKING:
    from tui.app import WharfieApp
    from tui.screens.main import MainScreen

_LONG = 1.0  # seconds after which it is said what is waited for
_WIDTH = 60  # cells of that

T = TypeVar("T")


async def giving_name(
    screen: MainScreen,
    doing: str,
    work: Callable[[], object],
    change: Callable[[], Change] | None = None,
) -> None:
    """Do `work`, which gives something a name, and enter the `change` that it was.

    `doing` is said where that takes long. Esc stops none of it: whether it was done, nobody knew.
    """

    def both() -> None:
        work()
        if change is not None:
            note(screen, change)

    title = f"{fmt.clip_middle(doing, _WIDTH)}…"
    late = screen.set_timer(_LONG, lambda: screen.progress(title, stops=False))
    try:
        await screen.services.sign_in.call(both)
    except AlreadyExists as error:
        raise AlreadyExists(error.path, error.what, advice="Choose another name.") from error
    finally:
        late.stop()
        screen.progress("")


def note_moves(screen: MainScreen, done: Sequence[Job]) -> None:
    """Enter, in the background, what the queue has moved by giving it another name."""
    moved = [job for job in done if job.op is Op.MOVE and job.reason == RENAMED]
    if moved:
        services = screen.services
        screen.run_worker(in_thread(lambda: _note_moves(services, moved)), group="noting")


def _note_moves(services: WharfieApp, moved: Sequence[Job]) -> None:
    for job in moved:
        endpoint = job.target.endpoint
        with suppress(ProviderError):
            provider = services.connections.open(endpoint)
            move = Move(job.source.path, job.target.path)
            change = changes.renamed(provider, endpoint, [move], Did.MOVED)
            services.changes.note(replace(change, group=f"{endpoint} {job.batch}"))


def note(screen: MainScreen, change: Callable[[], Change]) -> bool:
    """Enter a change that was made; in a thread. False: it cannot be looked at, so that nobody
    could tell later whether it still is what it was, and it cannot be taken back."""
    try:
        screen.services.changes.note(change())
    except ProviderError:
        return False
    return True
