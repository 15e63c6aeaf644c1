"""An edited copy on its way back: when its job is finished, and what is left of earlier ones."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

from providers import location
from transfers.model import Job, JobState, ProofWord, StateChanged
from transfers.queue_api import Queue
from tui.background import in_thread
from tui.editing.working_copy import folders_in
from tui.overview import all_rows


async def finished(queue: Queue, number: int) -> Job | None:
    """The job once it is at its end, whoever leads it there; None when it is off the list."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def heard(changes: Sequence[StateChanged]) -> None:
        if not changes or any(change.job.id == number for change in changes):
            loop.call_soon_threadsafe(changed.set)

    stop = queue.listen(heard)
    try:
        while True:
            changed.clear()
            row = await in_thread(lambda: queue.row(number))
            if row is None or row.job.finished:
                return None if row is None else row.job
            await changed.wait()
    finally:
        stop()


def is_proven(job: Job) -> bool:
    """Whether the bytes there are known to be those of the copy: nothing is lost with it then."""
    return (
        job.state is JobState.DONE
        and job.proof is not None
        and job.proof.word in (ProofWord.SHA256, ProofWord.SERVER_DIGEST)
    )


def sweep(queue: Queue, folder: Path) -> None:
    """Remove the copies below `folder` that were proven back when no screen was there to see it."""
    left = folders_in(folder)
    if not left:
        return
    done = {
        Path(row.job.source.path).parent
        for row in all_rows(queue)
        if row.job.source.endpoint == location.LOCAL and is_proven(row.job)
    }
    for path in left:
        if path in done:
            shutil.rmtree(path, ignore_errors=True)
