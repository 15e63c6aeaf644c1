"""How far an upload is: known to this run at once, and journaled part by part (faults.md 5)."""

from __future__ import annotations

from providers.records import replace
from transfers.control import Checkpoint
from transfers.digests import Digests, digests_for
from transfers.journal import Part
from transfers.run import Run


class Progress:
    """Begins where the run's checkpoint is, or at nothing. Used by the run's own thread only."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.reached = run.control.checkpoint or self._nothing()
        run.control.checkpoint = self.reached
        run.control.gauge.moved = run.control.gauge.resumed = self.reached.offset

    def _nothing(self) -> Checkpoint:
        job, empty = self._run.job, digests_for(self._run)
        upload, prefix = job.upload or "", empty.hexdigest()
        return Checkpoint(upload, job.source_version, job.size, (), 0, prefix, empty)

    def hasher(self) -> Digests:
        """A copy of what has taken in every byte so far."""
        if self.reached.hasher is None:
            raise ValueError("nothing may be sent behind bytes that were not proven")
        return self.reached.hasher.copy()

    @property
    def number(self) -> int:
        """Of the next part."""
        return len(self.reached.receipts)

    def stored(self, length: int, receipt: str, hasher: Digests) -> None:
        """Take in the next part. `hasher` has taken in every byte up to its end.

        The last one is not journaled on its own: small files would wait for the disk once more,
        and a place may bring it to its own disk only with `finish`.
        """
        before, number = self.reached, self.number
        offset, prefix = before.offset + length, hasher.hexdigest()
        receipts = (*before.receipts, receipt)
        self.reached = Checkpoint(
            before.upload, before.version, before.size, receipts, offset, prefix, hasher.copy()
        )
        self._run.control.checkpoint = self.reached
        if offset != before.size:
            job = replace(self._run.job, sent=offset, prefix=prefix)
            self._run.stored(job, Part(job.id, number, before.offset, length, receipt))
