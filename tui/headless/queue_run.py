"""`wharfie queue run`: what is left is worked until nothing more can be done."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import closing, suppress

from providers.access import Access
from providers.base import Place
from providers.environment import add_password
from providers.errors import Denied, NotFound, ProviderError
from providers.location import LOCAL
from providers.registry import open_provider
from transfers.model import Hold, JobState, RunExisting, Unpark
from transfers.queue_api import Queue
from tui.headless.attach import grant_for
from tui.headless.follow import follow_all
from tui.headless.reach import Reached, reach
from tui.headless.report import Report
from tui.headless.sign_in import asking
from tui.overview import all_rows
from tui.settings import Home


def run_what_is_left(
    home: Home, access: Access, settings: Mapping[str, str], *, as_json: bool
) -> int:
    """Work the queue here, or follow the process that does. Returns the exit status.

    Raises ProviderError, QueueInUse, JournalError, KeyboardInterrupt.
    """
    report = Report(as_json)
    with reach(home, access, serve=True) as reached:
        try:
            _let_in(reached.queue, access, settings)
            reached.queue.send(RunExisting())
            reached.queue.send(Hold(False))
            follow_all(reached, report)
            unfinished = reached.queue.snapshot(0, 0).totals
        except KeyboardInterrupt:
            _say_it_goes_on(reached)
            raise
    report.summary()
    if paused := unfinished.counts.get(JobState.PAUSED):
        verb = "transfer is" if paused == 1 else "transfers are"
        _say(f"{paused:,} {verb} paused: wharfie queue resume, then wharfie queue run")
    return 0 if report.all_fine and not unfinished.unfinished else 1


def _let_in(queue: Queue, access: Access, settings: Mapping[str, str]) -> None:
    """Sign in, asking where that takes a person, wherever transfers are left to do."""
    left = [row.job for row in all_rows(queue) if not row.job.finished]
    places = {place.endpoint: place for job in left for place in (job.target, job.source)}
    for endpoint, place in sorted(places.items()):
        if endpoint == LOCAL:
            continue
        add_password(settings, access, endpoint)
        try:
            _knock(place, access)
        except ProviderError as error:
            _say(str(error))  # its jobs say so, too, and are tried again by their own rules
            continue
        queue.grant(grant_for(access, endpoint))
        queue.send(Unpark(endpoint))


def _knock(place: Place, access: Access) -> None:
    """Have whoever is there ask what it asks; that it answers is enough."""
    with closing(open_provider(place.endpoint, access)) as provider, suppress(Denied, NotFound):
        asking(access, lambda: provider.stat(place.path))


def _say_it_goes_on(reached: Reached) -> None:
    if reached.shared:
        _say("the transfers go on in the process that works them: wharfie queue pause pauses them")


def _say(text: str) -> None:
    print(f"wharfie: {text}", file=sys.stderr)
