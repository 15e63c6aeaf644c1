"""A copy within one place, made by the place itself: no byte comes through here."""

from __future__ import annotations

from dataclasses import replace

from providers.base import Copier
from providers.errors import ConnectionLost, Unsupported
from transfers.model import Job, JobState, Op, Verify
from transfers.progress import Progress
from transfers.run import Run
from transfers.verify import made_there, told_there


def copied_there(run: Run) -> Job | None:
    """The job with all its bytes at the destination (VERIFYING); None: they are to be sent.

    Asked for on the first attempt only: a server may take longer over a large file than a proxy
    before it waits. A move that cannot rename reads what it will delete; and who demands a strong
    proof wants the bytes to be read. Raises ProviderError, Stopped.
    """
    job, target = run.job, run.target()
    within = job.source.endpoint == job.target.endpoint and not target.caps.near
    asked = job.op is Op.COPY and job.verify is not Verify.STRONG and not job.sent
    if not within or not asked or job.attempt > 1 or job.upload is None:
        return None
    if not isinstance(target, Copier):
        return None
    run.control.check()
    try:
        receipts = target.copy_into(job.upload, job.source.path, version=job.source_version)
    except (ConnectionLost, Unsupported):
        return None
    digest = _digest(run)
    reached = replace(
        Progress(run).reached,
        receipts=tuple(receipts),
        offset=job.size or 0,
        prefix=digest,
        hasher=None,
    )
    run.control.checkpoint = reached
    run.control.gauge.moved = reached.offset
    return replace(job, state=JobState.VERIFYING, reason="copied by the server", digest=digest)


def _digest(run: Run) -> str:
    """What the place makes, or tells, of the source's bytes; "" for neither."""
    source, path = run.source(), run.job.source.path
    return made_there(source, path) or told_there(source.stat(path)) or ""
