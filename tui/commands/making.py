"""New things in the folder shown: folders, empty files, links."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from providers.base import Entry, Provider, Writer
from providers.errors import AlreadyExists, NotFound, ProviderError, Unsupported
from providers.extras import HardLinker, Linker
from tui import changes
from tui import file_operations as files
from tui.commands.noting import giving_name
from tui.screens.new_link import NewLinkScreen
from tui.screens.prompt import PromptScreen
from tui.sign_in import show
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def new_folder(screen: MainScreen, pane: FilePane) -> None:
    """Ask for a name and make a folder of it."""
    target = files.writer(pane.provider, pane.place.endpoint)
    await _make(screen, pane, "New folder", target.make_dir)


async def new_file(screen: MainScreen, pane: FilePane) -> None:
    """Ask for a name and make an empty file of it."""
    provider = pane.provider
    target = files.writer(provider, pane.place.endpoint)
    await _make(screen, pane, "New file", lambda path: make_file(provider, target, path))


async def _make(
    screen: MainScreen, pane: FilePane, title: str, make: Callable[[str], object]
) -> None:
    provider, place = pane.provider, pane.place
    if complaint := no_folder(pane):
        screen.say(complaint)
        return
    prompt = PromptScreen(
        title, "Name", check=lambda text: files.name_complaint(provider, place.path, text)
    )
    name = await show(screen.app, prompt)
    if name:
        path = provider.join(place.path, name)
        await giving_name(
            screen,
            f"Making “{name}”",
            lambda: make(path),
            lambda: changes.made(provider, place.endpoint, path),
        )
        pane.reread(focus=path)


async def new_link(screen: MainScreen, pane: FilePane) -> None:
    """Ask for a name and what it leads to, and make a link of that."""
    provider, place = pane.provider, pane.place
    if not isinstance(provider, Linker):
        raise Unsupported(place.endpoint, "this place has no symbolic links")
    if complaint := no_folder(pane):
        screen.say(complaint)
        return
    linker: Linker = provider
    entry = pane.list.current
    dialog = NewLinkScreen(
        "" if entry is None else entry.name,
        check=lambda text: files.name_complaint(provider, place.path, text),
        hard=isinstance(provider, HardLinker) and provider.caps.hard_links,
    )
    answer = await show(screen.app, dialog)
    if answer is None:
        return
    path, doing = provider.join(place.path, answer.name), f"Making “{answer.name}”"
    if answer.hard and isinstance(provider, HardLinker):
        find = partial(_existing, screen, pane, entry, answer.target)
        hard_linker: HardLinker = provider
        # Not entered as a change: whether the file has yet another name then, nobody could tell.
        await giving_name(screen, doing, lambda: hard_linker.make_hard_link(path, find()))
    else:
        await giving_name(
            screen,
            doing,
            lambda: linker.make_link(path, answer.target),
            lambda: changes.made(provider, place.endpoint, path),
        )
    pane.reread(focus=path)


def _existing(screen: MainScreen, pane: FilePane, entry: Entry | None, text: str) -> str:
    """The address of the file that gets another name. Blocking. Raises Unsupported when it is
    elsewhere."""
    if entry is not None and text == entry.name:
        return entry.path
    named = files.typed_place(pane.provider, pane.place, text, screen.services.access.sites)
    if named.endpoint != pane.place.endpoint:
        raise Unsupported(text, "a hard link leads to a file of the same place and disk")
    return pane.provider.resolve(named.path)


def no_folder(pane: FilePane) -> str:
    """Why nothing can be made in what `pane` shows; "" when it can."""
    if pane.search is not None:
        return "This pane shows what was found. Open a folder to make something in it."
    return "" if pane.read_once else "This pane shows no folder to make one in. Open one first."


def make_file(provider: Provider, target: Writer, path: str) -> None:
    """Make an empty file, never over something. Blocking. Raises AlreadyExists."""
    # Looked at before: where bytes go straight to their name, what stood there would be emptied.
    try:
        provider.stat(path)
    except NotFound:
        pass
    else:
        raise AlreadyExists(path)
    parts = provider.caps.parts
    part_size = 1 if parts is None else parts.min_size
    upload = target.begin(path, 0, key=secrets.token_hex(4), part_size=part_size)
    try:
        receipt = target.put_part(upload, 0, 0, [b""])
        target.finish(upload, [receipt], replacing=None)
    except ProviderError:
        target.abort(upload)
        raise
