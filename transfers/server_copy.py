"""A copy within one place, made by the place itself: no byte comes through here."""

from __future__ import annotations

from providers.base import Copier
from providers.errors import Unsupported
from providers.records import replace
from transfers.altered import altered
from transfers.model import Job, JobState, Op, Verify
from transfers.progress import Progress
from transfers.run import Run
from transfers.verify import made_there


def copied_there(run: Run) -> Job | None:
    """The job with all its bytes at the destination (VERIFYING); None: they are to be sent.

    Asked for on the first attempt only: a server may take longer over a large file than a proxy
    before it waits. A move that cannot rename reads what it will delete; and who demands a strong
    proof, or was told a digest, wants the bytes to be read. Only digests that the place makes of
    both ends count: what it remembers of the source says nothing of what it copied. Raises
    ProviderError, Stopped.
    """
    job, target = run.job, run.target()
    within = job.source.endpoint == job.target.endpoint and not target.caps.near
    asked = job.op is Op.COPY and job.verify is not Verify.STRONG and not job.expected
    begun = job.upload is not None and job.size is not None and not job.sent
    if not within or not asked or not begun or job.attempt > 1:
        return None
    if not isinstance(target, Copier) or job.upload is None:
        return None
    run.control.check()
    try:
        receipts = target.copy_into(job.upload, job.source.path, version=job.source_version)
    except Unsupported:
        return None
    digest = made_there(run.source(), job.source.path) or ""
    reached = replace(
        Progress(run).reached,
        receipts=tuple(receipts),
        offset=job.size or 0,
        prefix=digest,
        hasher=None,
    )
    run.control.checkpoint = reached
    run.control.gauge.moved = reached.offset
    reason = "copied by the server"
    return altered(job, state=JobState.VERIFYING, reason=reason, sent=reached.offset, digest=digest)
