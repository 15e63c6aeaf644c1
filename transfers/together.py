"""Files of a batch that go under way together, where a place takes many at once (`providers.many`).

What such a place leaves goes the usual way: a run does not care how its bytes came or went.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from providers.errors import ProviderError
from providers.many import Batcher, Gathering, Wanted
from transfers.batch import is_small
from transfers.model import Verify
from transfers.opening import Opened, wanted

if TYPE_CHECKING:
    from transfers.run import Run


def fetcher(run: Run) -> Batcher | None:
    """The source of a run in a batch, where it gives many files at once.

    One that is alone opens its places itself: where that fails, a second try would knock twice.
    """
    if run.alone:
        return None
    try:
        source = run.source()
    except ProviderError:
        return None  # the run says so
    return source if isinstance(source, Batcher) else None


def gatherer(run: Run) -> Gathering | None:
    """For the uploads of a batch that `run` is the first of, where its destination has such."""
    if run.alone:
        return None
    try:
        target = run.target()
    except ProviderError:
        return None
    return target.gather() if isinstance(target, Batcher) else None


def fetch(source: Batcher, runs: Sequence[Run]) -> None:
    """Open what `runs` copy, as far as it is sure to be wanted: `run.opened` has the bytes."""
    files = [(run, Wanted(run.job.source.path, run.job.size or 0)) for run in runs if _plain(run)]
    if len(files) < 2:
        return
    with _concerns([run for run, _ in files]):
        readers = source.fetch([file for _, file in files])
    for (run, _), reader in zip(files, readers, strict=True):
        if reader is not None:
            run.opened = Opened(reader, ExitStack())


def _plain(run: Run) -> bool:
    if run.job.size is None or not is_small(run.job.size):
        return False
    try:
        return wanted(run)
    except ProviderError:
        return False


def send(gathering: Gathering, runs: Sequence[Run]) -> None:
    """Send what `runs` have gathered: `run.seen` says what stands there, None that nothing is
    known to."""
    proofs = {run.job.upload or "": run.job.verify is not Verify.SIZE for run in runs}
    with _concerns(runs):
        stored = gathering.send(proofs)
    for run in runs:
        run.seen = stored.get(run.job.upload or "")


def name(gathering: Gathering, runs: Sequence[Run]) -> None:
    """Give what `runs` have stored its name. How each ended its `finish` tells."""
    with _concerns(runs):
        gathering.name([run.job.upload or "" for run in runs])


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
