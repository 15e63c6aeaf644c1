"""What starts next: jobs in their order as far as the gate lets them, small ones together."""

from __future__ import annotations

from transfers.altered import altered
from transfers.batch import BYTES, held, may_join
from transfers.completion import not_pruned
from transfers.draft import Draft
from transfers.gate import Gate
from transfers.model import OF_LINKS, Job, JobState, Op
from transfers.outage import Outages
from transfers.runs import Runs
from transfers.schedule import Schedule, lane_of

_BEGIN = OF_LINKS | {Op.COPY, Op.MOVE}
"""What may leave something unfinished at the destination."""


class Dispatch:
    """Used by the coordinator's thread only."""

    def __init__(self, schedule: Schedule, gate: Gate, outages: Outages, runs: Runs) -> None:
        self._schedule = schedule
        self._gate = gate
        self._outages = outages
        self._runs = runs
        self._clean: set[int] = set()  # of those that start: nothing of them lies anywhere

    def take(self, draft: Draft) -> list[list[Job]]:
        """What may start now, marked PREPARING so that the journal says so first.

        The jobs of one list are for one thread.
        """
        self._refuse_deletions(draft)
        started: list[list[Job]] = []
        running = [job for job_id in self._runs if (job := draft.get(job_id)) is not None]
        while (first := self._next(draft, running)) is not None:
            most = self._most(first)
            jobs = [self._marked(first, draft)]
            self._gate.started(lane_of(first))
            room = self._runs.at_once(BYTES) - held(first)
            while len(jobs) < most and (job := self._alike(first, draft, room)) is not None:
                room -= held(job)
                jobs.append(self._marked(job, draft))
            running += jobs
            started.append(jobs)
        return started

    def _refuse_deletions(self, draft: Draft) -> None:
        """Of a mirror that did not succeed nothing is deleted."""
        for missed, deletions in self._schedule.refused():
            jobs = [job for job in map(draft.get, deletions) if job is not None]
            draft.change_all(jobs, state=JobState.SKIPPED, reason=not_pruned(missed))
            for job in jobs:
                self._schedule.note(job, draft.get(job.id))

    def is_clean(self, job: Job) -> bool:
        """Whether nothing of a job that starts lies unfinished. To be asked once."""
        clean = job.id in self._clean
        self._clean.discard(job.id)
        return clean

    def _next(self, draft: Draft, running: list[Job]) -> Job | None:
        """What may start beside what is `running`.

        A job that ran when Wharfie last ended may be what ended it: it runs alone until it has
        stored something, so that no other is blamed (A11).
        """
        if any(job.crashes for job in running):
            return None
        job = self._schedule.take(draft.get, self._gate.has_room)
        if job is not None and job.crashes and running:
            self._schedule.put_back(job)
            return None
        return job

    def _most(self, first: Job) -> int:
        """How many jobs its thread gets with `first`: each worker has its share of what waits.

        Where a server was lost one job knocks for all.
        """
        if not may_join(first) or any(end in self._outages for end in lane_of(first).endpoints):
            return 1
        share = -(-(self._schedule.queued(first) + 1) // self._gate.workers)
        sizes, lane = self._runs.sizes, lane_of(first)
        return min(max(share, sizes.least(lane)), sizes.of(lane))

    def _alike(self, first: Job, draft: Draft, room: int) -> Job | None:
        def joins(job: Job) -> bool:
            return may_join(job) and held(job) <= room

        return self._schedule.take_alike(first, draft.get, joins)

    def _marked(self, job: Job, draft: Draft) -> Job:
        if not job.begun:
            self._clean.add(job.id)
        begun = job.begun or job.op in _BEGIN
        attempt = job.attempt + 1
        begins = {"state": JobState.PREPARING, "attempt": attempt, "begun": begun, "reason": ""}
        job = draft.save(altered(job, **begins))
        self._outages.started(job)
        return job
