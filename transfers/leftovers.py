"""Unfinished bytes at the destination: removed when nobody will use them again (faults.md A7)."""

from __future__ import annotations

from providers.errors import ProviderError
from providers.records import replace
from transfers.model import OF_LINKS, Job, Op
from transfers.run import Run


def discard(run: Run, job: Job) -> Job:
    """Remove what earlier attempts left; returns `job` without it. Raises ProviderError.

    A token may have been lost between the making of an upload and its journaling: the job's path
    and key are enough to find what lies there, then.
    """
    if job.upload is not None:
        run.target().abort(job.upload)
    elif not run.clean:
        run.target().abandon(job.target.path, key=job.key)
    run.clean = True
    run.control.checkpoint = None
    return replace(job, upload=None, sent=0, prefix="", digest="", proof=None)


def asked_for_rename(job: Job) -> bool:
    """Whether a move within one place may have been done by name, its answer lost.

    A copy that differs may be replaced as well, and may look like its source; it has a proof.
    """
    renames = job.op in (Op.MOVE, Op.RENAME)
    within = renames and job.source.endpoint == job.target.endpoint
    named = job.replacing is not None and job.replacing == job.source_version
    return within and named and job.proof is None


def doubt(job: Job) -> str:
    """What is to be said of a cancelled job whose outcome nobody could look at; or ""."""
    named = job.upload is not None and (job.proof is not None or job.digest != "")
    named = named or (job.op in OF_LINKS and job.digest != "")
    if not named and not asked_for_rename(job) and job.op is not Op.PRUNE:
        return ""
    return "the cancel may have come too late: look at what stands at the destination; "


def clean_up(run: Run) -> str:
    """As `discard`, for a job that ends here; returns what could not be removed, or ""."""
    try:
        proof = run.job.proof
        run.job = replace(discard(run, run.job), proof=proof)
    except ProviderError as error:
        return f"its unfinished bytes may be left behind: {error}"
    return ""
