"""What the keys for versions do: the dialog's questions to the place and to the queue."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from providers import location
from providers.base import Kind, Place, Provider
from providers.errors import Unsupported
from providers.extras import Revision, Versioned
from providers.records import dataclass, replace
from transfers.model import Policy
from tui import file_operations as files
from tui import revisions
from tui.commands.copying import Order, carry_out, target_complaint
from tui.commands.work import change, hand_over
from tui.enquiry import Take, read_pages
from tui.screens.confirm import ConfirmScreen
from tui.screens.versions import Act, Done, VersionsScreen
from tui.selection import Group
from tui.sign_in import show
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

_NOTHING = Done("")
_NO_CONTENT = "That row is a deletion and has no content. Enter takes the deletion back."
_UNTOUCHED = "It is not the latest: the file stays as it is."
_KEPT = "What it has now is overwritten; a place that keeps versions keeps it among those."
_LOST = "What it has now is overwritten, and may be gone for good: nothing says that it is kept."
_CURRENT = "It is what the file has now: by that the file will have the one before, or be gone."


async def versions(screen: MainScreen, pane: FilePane) -> None:
    """Show what the file under the cursor was before; for a folder, which of its files are
    deleted."""
    await _versions(screen, pane, deleted=False)


async def deleted_files(screen: MainScreen, pane: FilePane) -> None:
    """Show which files of the folder shown are deleted, wherever the cursor is."""
    await _versions(screen, pane, deleted=True)


async def _versions(screen: MainScreen, pane: FilePane, *, deleted: bool) -> None:
    if not pane.read_once:
        screen.say("This pane shows no folder. Open one first.")
        return
    entry = None if deleted else pane.list.current
    path = pane.place.path if entry is None else entry.path
    folder = entry is None or entry.kind is Kind.DIR
    while True:
        subject = _Subject(screen, pane, pane.provider, Place(pane.place.endpoint, path), folder)
        chosen = await show(screen.app, subject.dialog())
        if chosen is None:
            return
        path, folder = subject.path_of(chosen), False


@dataclass(frozen=True, slots=True)
class _Subject:
    """The file, or the folder, whose revisions are shown."""

    screen: MainScreen
    pane: FilePane
    provider: Provider
    place: Place
    folder: bool

    def dialog(self) -> VersionsScreen:
        """Raises Unsupported where the place keeps no versions."""
        kept = self.provider
        if not isinstance(kept, Versioned):
            raise Unsupported(self.place.endpoint, "this place keeps no versions of files")

        async def read(take: Take[Revision]) -> None:
            pages = partial(kept.revisions, self.place.path)
            await read_pages(self.screen.services.sign_in, self.provider, pages, take)

        return VersionsScreen(self.place, read, self.do, folder=self.folder)

    def path_of(self, revision: Revision) -> str:
        """The file that it is a revision of."""
        if not self.folder:
            return self.place.path
        path, provider = revision.entry.path, self.provider
        return provider.join(provider.parent(path), provider.name(path))

    async def do(self, act: Act, revision: Revision, now: Revision | None) -> Done:
        if revision.deleted and act is Act.COPY:
            return Done(_NO_CONTENT)
        if revision.deleted:
            return await self._take_deletion_back(revision)
        if act is Act.COPY:
            return await self._copy(revision)
        if act is Act.DELETE:
            return await self._delete(revision)
        return await self._bring_back(revision, now)

    async def _bring_back(self, revision: Revision, now: Revision | None) -> Done:
        if revision.current:
            return Done("That is what the file has now: there is nothing to bring back.")
        files.writer(self.provider, self.place.endpoint)
        kept = now is not None and (now.kept or now.deleted)
        lines = [location.show(self.place), f"will be as {revisions.described(revision)}."]
        lines.append(_KEPT if kept else _LOST)
        if not await self._confirmed("Bring this version back?", lines, "Bring back"):
            return _NOTHING
        within = self.provider.parent(self.place.path)
        jobs = revisions.bringing_back(self.place.endpoint, revision, self.place.path)
        jobs = tuple(replace(job, within=within) for job in jobs)
        await hand_over(self.screen, jobs, self.place.endpoint, policy=Policy.OVERWRITE)
        return Done("Queued: the file has it once the transfer is done.")

    async def _copy(self, revision: Revision) -> Done:
        target = self.screen.other if self.pane is self.screen.active else self.screen.active
        if complaint := target_complaint(target):
            return Done(complaint)
        order, path = await self.screen.services.sign_in.call(
            partial(self._order, revision, target.place)
        )
        if not await carry_out(self.screen, order):
            return Done("Nothing was queued.")
        return Done(f"Queued: to {location.show(path)}")

    def _order(self, revision: Revision, target: Place) -> tuple[Order, Place]:
        """What is to go where, and the file that it becomes; blocking. Beside the file itself the
        copy has a name of its own."""
        to = self.screen.services.connections.open(target.endpoint)
        files.writer(to, target.endpoint)
        entry = revision.entry
        if target == Place(self.place.endpoint, self.provider.parent(self.place.path)):
            entry = replace(entry, name=revisions.dated_name(entry.name, entry.modified))
        # A name that it refuses is an error here, not a job.
        path = Place(target.endpoint, to.join(target.path, entry.name))
        return Order([Group(self.place.endpoint, (entry,))], target, typed=False), path

    async def _delete(self, revision: Revision) -> Done:
        lines = [location.show(self.place), revisions.described(revision)]
        lines.append(f"its address: {revision.entry.path}")
        lines += [_CURRENT] if revision.current else []
        lines.append("This cannot be undone.")
        title = "Delete this version for good?"
        if not await self._confirmed(title, lines, "Delete for good", dangerous=True):
            return _NOTHING
        await self._remove(revision, "Deleting a version")
        return Done("That version is deleted.", changed=True)

    async def _take_deletion_back(self, revision: Revision) -> Done:
        lines = [location.show(self.place), revisions.described(revision)]
        if self.folder:
            lines.insert(1, revision.entry.name)
        lines.append("The file will be there as before." if revision.current else _UNTOUCHED)
        if not await self._confirmed("Take this deletion back?", lines, "Take it back"):
            return _NOTHING
        await self._remove(revision, "Taking a deletion back")
        return Done("The deletion is taken back.", changed=True)

    async def _remove(self, revision: Revision, doing: str) -> None:
        target = files.writer(self.provider, self.place.endpoint)
        await change(self.screen, partial(target.delete, revision.entry.path), doing)
        for pane in self.screen.panes:
            pane.reread_soon()

    async def _confirmed(
        self, title: str, lines: list[str], action: str, *, dangerous: bool = False
    ) -> bool:
        return await show(self.screen.app, ConfirmScreen(title, lines, action, dangerous=dangerous))
