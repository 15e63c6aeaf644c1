"""Files of a batch that go under way together, where a place takes many at once (`providers.many`).

What such a place leaves goes the usual way: a run does not care how its bytes came or went.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from providers.base import Reader
from providers.many import Batcher, Gathering, Stored, Wanted
from transfers.batch import is_small
from transfers.model import Verify
from transfers.opening import Opened, wanted

if TYPE_CHECKING:
    from transfers.run import Run

T = TypeVar("T")

_LOG = logging.getLogger("wharfie.worker")


def fetcher(run: Run) -> Batcher | None:
    """The source of a run in a batch, where it gives many files at once."""
    if run.alone:
        return None  # it is the first to ask for its places, and says what is wrong with them
    try:
        source = run.source()
    except Exception:  # noqa: BLE001 - the run says so, whatever it is
        return None
    return source if isinstance(source, Batcher) else None


def gatherer(run: Run) -> Gathering | None:
    """For the uploads of a batch that `run` is the first of, where its destination has such."""
    if run.alone:
        return None
    try:
        target = run.target()
    except Exception:  # noqa: BLE001 - as above
        return None
    return target.gather() if isinstance(target, Batcher) else None


def fetch(source: Batcher, runs: Sequence[Run]) -> None:
    """Open what `runs` copy, as far as it is sure to be wanted: `run.opened` has the bytes."""
    files = [(run, Wanted(run.job.source.path, run.job.size or 0)) for run in runs if _plain(run)]
    if len(files) < 2:
        return
    wanted_files = [file for _, file in files]
    nothing: Sequence[Reader | None] = [None] * len(files)
    chosen = [run for run, _ in files]
    with chosen[0].control.moves():  # one stands for all: what hardly moves is cut off once
        readers = _survived(partial(source.fetch, wanted_files), nothing, chosen)
    for (run, _), reader in zip(files, readers, strict=True):
        if reader is not None:
            run.opened = Opened(reader, ExitStack())


def _plain(run: Run) -> bool:
    if run.job.size is None or not is_small(run.job.size):
        return False
    try:
        return wanted(run)
    except Exception:  # noqa: BLE001 - as above
        return False


def send(gathering: Gathering, runs: Sequence[Run]) -> None:
    """Send what `runs` have gathered: `run.seen` says what stands there, None that nothing is
    known to."""
    proofs = {run.job.upload or "": run.job.verify is not Verify.SIZE for run in runs}
    nothing: Mapping[str, Stored] = {}
    with runs[0].control.moves():  # as above
        stored = _survived(partial(gathering.send, proofs), nothing, runs)
    for run in runs:
        run.seen = stored.get(run.job.upload or "")


def name(gathering: Gathering, runs: Sequence[Run]) -> None:
    """Give what `runs` have stored its name. How each ended its `finish` tells."""
    _survived(partial(gathering.name, [run.job.upload or "" for run in runs]), None, runs)


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
