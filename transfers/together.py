"""Files of a batch that go under way together, where their places take many at once
(`providers.many`).

All that is usual of them is done here in one pass, each step for all of them. What is not, and what
a place leaves, goes the usual way from the beginning (`transfers.worker`): a file that is in doubt
(`transfers.standing`), one that is no longer what was listed, whatever went wrong.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from providers.base import Entry, Place, Publisher, Rewriter
from providers.errors import ProviderError
from providers.many import Batcher, Fetched, Naming, Stored, Storing, Wanted
from providers.records import dataclass, replace
from transfers.altered import altered
from transfers.batch import is_small
from transfers.control import Checkpoint, Stopped
from transfers.digests import ALGORITHM
from transfers.model import JobState, Op, Proof, ProofWord, Verify
from transfers.run import MADE, make_folder
from transfers.standing import Settled, apart, settled
from transfers.stream import slow_down
from transfers.verify import READ_BACK

if TYPE_CHECKING:
    from transfers.run import Run

T = TypeVar("T")

_LOG = logging.getLogger("wharfie.worker")


@dataclass(frozen=True, slots=True)
class Ends:
    """Where files come from and go to; both take many at once."""

    source: Batcher
    target: Batcher


def ends(run: Run) -> Ends | None:
    """Those of a run in a batch; None: its files go one by one."""
    if run.alone or run.left or run.job.source.endpoint == run.job.target.endpoint:
        return None
    try:
        source, target = run.source(), run.target()
    except Exception:  # noqa: BLE001 - the run says so, whatever it is
        return None
    if source.caps.states or target.caps.states or target.caps.in_place:
        return None  # what they say of their files is taken into account one by one
    if isinstance(source, Publisher | Rewriter) or isinstance(target, Rewriter):
        return None
    if not (isinstance(source, Batcher) and isinstance(target, Batcher)):
        return None
    return Ends(source, target)


def gathers(run: Run) -> bool:
    """Whether the destination of a run in a batch takes many uploads at once."""
    if run.alone or run.left:
        return False
    try:
        return isinstance(run.target(), Batcher)
    except Exception:  # noqa: BLE001 - as above
        return False


def carry(between: Ends, runs: Sequence[Run]) -> list[Run]:
    """Bring those of `runs` that are as usual across; returns them.

    They are COMMITTING, to be journaled, or VERIFYING where nothing was read back: `run.seen` says
    what stands there.
    """
    plain = [run for run in runs if _is_plain(run)]
    if len(plain) < 2:
        return []
    with plain[0].control.moves():  # one stands for all: what hardly moves is cut off once
        return _survived(partial(_carried, between, plain), [], plain)


def _is_plain(run: Run) -> bool:
    job = run.job
    new = run.clean and job.upload is None and run.control.checkpoint is None
    first = job.replacing is None and not job.expected
    return job.op is Op.COPY and is_small(job.size) and new and first and not job.cancelling


def _carried(between: Ends, runs: Sequence[Run]) -> list[Run]:
    ready = _with_room(between, runs)
    files = [Wanted(one.run.job.source.path, one.run.job.size or 0) for one in ready]
    fetched = zip(ready, between.source.fetch(files), strict=True)
    begun = [(one, got) for one, got in fetched if got is not None and _begins(one, got)]
    storing = [_storing(one.run, got) for one, got in begun]
    stored = between.target.store(storing)
    across = [
        (one, got, there)
        for (one, got), there in zip(begun, stored, strict=True)
        if there is not None
    ]
    kept_apart = apart(between.source, [(one, there) for one, _, there in across])
    return [
        _seen(one, got, there)
        for (one, got, there), is_apart in zip(across, kept_apart, strict=True)
        if is_apart
    ]


def _with_room(between: Ends, runs: Sequence[Run]) -> list[Settled]:
    """Those for which there is a folder, and nothing in it that is not to be replaced."""
    ready: dict[tuple[str, str], bool] = {}
    known = runs[0].known_directories
    new: list[Settled] = []
    asked: list[Run] = []
    for run in runs:
        folder = Place(run.job.target.endpoint, run.target().parent(run.job.target.path))
        key = (folder.path, run.job.within)
        if key not in ready:
            ready[key] = _is_ready(run, folder)
        if ready[key]:
            # Whoever puts something into a directory of ours is noticed when the name is given.
            if (folder, MADE) in known:
                new.append(Settled(run))
            else:
                asked.append(run)
    return new + settled(between.source, between.target, asked)


def _is_ready(run: Run, folder: Place) -> bool:
    try:
        if run.full(folder.endpoint, folder.path):
            return False
        make_folder(run, folder, run.job.within)
    except (ProviderError, Stopped):
        return False
    return True


def _begins(settled: Settled, fetched: Fetched) -> bool:
    """Whether the bytes may be stored: from here on something may lie there."""
    run = settled.run
    if fetched.entry.digests or not settled.still_holds(fetched.entry):
        return False
    try:
        if run.limiter.rate > 0:
            slow_down(run.control, run.limiter, fetched.entry.size or 0)
        run.control.touches()
    except Stopped:
        return False
    run.control.gauge.add(fetched.entry.size or 0)
    run.clean = False
    return True


def _storing(run: Run, fetched: Fetched) -> Storing:
    job, entry = run.job, fetched.entry
    return Storing(
        job.target.path,
        fetched.pieces,
        entry.size or 0,
        job.key,
        entry.modified if job.carry.times else None,
        entry.mode if job.carry.mode else None,
        job.within,
        job.verify is not Verify.SIZE,
    )


def _seen(settled: Settled, fetched: Fetched, stored: Stored) -> Run:
    run, entry, digest = settled.run, fetched.entry, _digest(fetched)
    run.seen, run.claims = stored, ()
    size, receipts = entry.size or 0, stored.receipts
    run.control.checkpoint = Checkpoint(
        stored.upload, entry.version, size, receipts, size, digest, None
    )
    proof = Proof(ProofWord.SHA256, ALGORITHM, digest, digest, READ_BACK) if stored.alike else None
    run.job = altered(
        run.job,
        state=JobState.COMMITTING if stored.alike else JobState.VERIFYING,
        size=size,
        source_version=entry.version,
        modified=entry.modified,
        mode=entry.mode,
        replacing=settled.replacing,
        upload=stored.upload,
        digest=digest,
        proof=proof,
        reason="",
    )
    return run


def _digest(fetched: Fetched) -> str:
    hasher = hashlib.sha256()
    for piece in fetched.pieces:
        hasher.update(piece)
    return hasher.hexdigest()


def store(runs: Sequence[Run]) -> None:
    """Store what `runs` have kept: `run.seen` says what stands there, None that nothing is known
    to."""
    target = runs[0].target()
    files = [_kept(run) for run in runs]
    nothing: Sequence[Stored | None] = [None] * len(files)
    if not isinstance(target, Batcher):
        return
    with runs[0].control.moves():  # as above
        stored = _survived(partial(target.store, files), nothing, runs)
    for run, one in zip(runs, stored, strict=True):
        run.seen, kept = one, run.control.checkpoint
        if one is not None:
            run.job = altered(run.job, upload=one.upload)
        if one is not None and kept is not None:
            told = replace(kept, upload=one.upload, receipts=one.receipts)
            run.control.checkpoint = told


def _kept(run: Run) -> Storing:
    job, kept = run.job, run.kept or bytearray()
    return Storing(
        job.target.path,
        (kept,),
        len(kept),
        job.key,
        job.modified if job.carry.times else None,
        job.mode if job.carry.mode else None,
        job.within,
        job.verify is not Verify.SIZE,
    )


def name(runs: Sequence[Run]) -> None:
    """Give what `runs` have stored its name: `run.told` says what came of it."""
    target = runs[0].target()
    files = [Naming(run.job.upload or "", run.job.replacing) for run in runs]
    nothing: Sequence[Entry | ProviderError | None] = [None] * len(files)
    if not isinstance(target, Batcher):
        return
    told = _survived(partial(target.name_all, files), nothing, runs)
    for run, one in zip(runs, told, strict=True):
        run.told = one


def _survived(call: Callable[[], T], left: T, runs: Sequence[Run]) -> T:
    """What `call` returns for all of `runs`; `left` when it raises: they go on one by one then, and
    a bug that is met again costs one job, not the queue."""
    with _concerns(runs):
        try:
            return call()
        except Exception:  # noqa: BLE001 - nobody else hears of it
            _LOG.exception("%d files together", len(runs))
            return left


@contextmanager
def _concerns(runs: Sequence[Run]) -> Iterator[None]:
    """For the length of the block this thread works for all of `runs`: who stops one of them cuts
    what they share."""
    thread = threading.get_ident()
    for run in runs:
        run.control.threads.add(thread)
    try:
        yield
    finally:
        for run in runs:
            run.control.threads.discard(thread)
