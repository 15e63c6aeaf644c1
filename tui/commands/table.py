"""The commands by the names that `tui.keys` has for them.

Each runs as a worker of the main screen, on the pane that has the focus. Errors are ProviderErrors
and end in one sentence there.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from providers.records import dataclass
from tui.commands import (
    bookmarked,
    compared,
    copying,
    editing,
    files,
    finding,
    fitting,
    jumping,
    looking,
    making,
    marks,
    offers,
    old_versions,
    permissions,
    places,
    queue,
    queue_jobs,
    receipt,
    synchronised,
    undoing,
    usage,
)
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

Run = Callable[["MainScreen", FilePane], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Command:
    """`asks`: it begins with a dialog, for which keys are kept that come before it is there."""

    run: Run
    asks: bool = True


COMMANDS: Mapping[str, Command] = {
    "copy": Command(copying.copy),
    "move": Command(copying.move),
    "view": Command(looking.view),
    "edit": Command(editing.edit, asks=False),
    "new_folder": Command(making.new_folder),
    "new_file": Command(making.new_file),
    "new_link": Command(making.new_link),
    "rename": Command(files.rename),
    "permissions": Command(permissions.permissions),
    "delete": Command(files.delete),
    "delete_for_good": Command(files.delete_for_good),
    "undo": Command(undoing.undo),
    "find": Command(finding.find),
    "usage": Command(usage.usage, asks=False),
    "mark_matching": Command(marks.mark_matching),
    "unmark_matching": Command(marks.unmark_matching),
    "connect": Command(places.connect),
    "go_to": Command(places.go_to),
    "bookmarks": Command(bookmarked.bookmarks),
    "jump": Command(jumping.jump),
    "compare": Command(compared.compare),
    "mark_differing": Command(compared.mark_differing, asks=False),
    "synchronise": Command(synchronised.synchronise, asks=False),
    "properties": Command(offers.properties),
    "link": Command(offers.link),
    "uploads": Command(offers.clear_up),
    "versions": Command(old_versions.versions),
    "deleted_files": Command(old_versions.deleted_files),
    "settings": Command(fitting.settings),
    "quit": Command(places.leave),
    "job_enter": Command(queue_jobs.enter),
    "job_details": Command(queue_jobs.details),
    "job_target": Command(queue_jobs.open_target, asks=False),
    "job_source": Command(queue_jobs.open_source, asks=False),
    "job_filter": Command(queue.next_filter, asks=False),
    "job_filter_back": Command(queue.previous_filter, asks=False),
    "job_to_top": Command(queue.to_top, asks=False),
    "job_to_bottom": Command(queue.to_bottom, asks=False),
    "jobs_mark_all": Command(queue.mark_all, asks=False),
    "jobs_invert": Command(queue.invert, asks=False),
    "jobs_unmark": Command(queue.unmark, asks=False),
    "retry_failed": Command(queue.retry_failed, asks=False),
    "cancel_all": Command(queue.cancel_all),
    "receipt": Command(receipt.export),
}
