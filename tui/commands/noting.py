"""What commands enter into the list of changes, so that they can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from providers.errors import AlreadyExists, ProviderError
from tui.changes import Change

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

T = TypeVar("T")


async def giving_name(
    screen: MainScreen, work: Callable[[], object], change: Callable[[], Change]
) -> None:
    """Do `work`, which gives something a name, and enter the `change` that it was."""

    def both() -> None:
        work()
        note(screen, change)

    try:
        await screen.services.sign_in.call(both)
    except AlreadyExists as error:
        raise AlreadyExists(error.path, error.what, advice="Choose another name.") from error


def note(screen: MainScreen, change: Callable[[], Change]) -> None:
    """Enter a change that was made; in a thread. One that cannot be looked at is not entered: it
    was made all the same, and nobody could tell later whether it still is what it was."""
    try:
        screen.services.changes.note(change())
    except ProviderError:
        return
