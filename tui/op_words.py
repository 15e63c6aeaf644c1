"""What a job does, in words: a copy speaks for itself, a deletion must not look like one. Pure."""

from __future__ import annotations

from providers import location
from providers.base import Place
from transfers.model import TRASH, Job, JobState, Op

_DIRECTORIES = {Op.MAKE_DIR: "folder made", Op.REMOVE_DIR: "empty folder removed"}
_DONE = {**_DIRECTORIES, Op.LINK: "link made", Op.MOVE_LINK: "link moved"}
_VERBS = {Op.RENAME: "rename", Op.LINK: "link", Op.MOVE_LINK: "move link"}
_TO_THE_TRASH = "to the trash"


def is_directory(job: Job) -> bool:
    """Whether it is about a directory, as far as the job tells."""
    return job.op in _DIRECTORIES or (job.op is Op.PRUNE and job.agreed is None)


def verb(job: Job) -> str:
    """ "delete", "to the backup"; "" for what shows where it goes by itself."""
    if job.op is not Op.PRUNE:
        return _VERBS.get(job.op, "")
    if not job.keep or job.agreed is None:
        return "delete"
    return _TO_THE_TRASH if job.keep == TRASH else "to the backup"


def done_word(job: Job) -> str:
    """What became of what has no proof; "" where the job's reason says it."""
    if job.op is not Op.PRUNE:
        return _DONE.get(job.op, "")
    words = {"delete": "deleted", _TO_THE_TRASH: "in the trash", "to the backup": "in the backup"}
    return words[verb(job)]


def plain_word(job: Job) -> str:
    """The word for a job about which there is nothing else to say."""
    return done_word(job) if job.state is JobState.DONE else verb(job)


def ends(job: Job) -> tuple[str, str]:
    """From where to where, as a person writes it: safe to be clipped, not yet to be printed. The
    second is "" where something only goes."""
    if job.op is not Op.PRUNE:
        return location.show(job.source), location.show(job.target)
    goes = verb(job)
    kept = location.show(Place(job.target.endpoint, job.keep)) if goes == "to the backup" else ""
    return location.show(job.target), "the trash" if goes == _TO_THE_TRASH else kept
