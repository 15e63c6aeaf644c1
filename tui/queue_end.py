"""When the queue has come to its end, and what there is to say then. Pure; the clock passed in."""

from __future__ import annotations

from collections.abc import Mapping

from providers.records import dataclass
from transfers.model import JobState, Snapshot
from tui.overview import at_work

_S = JobState
LONG = 3.0  # seconds of work; of less nobody needs to be called back to the screen
_TOLD = (
    (_S.DONE, "done"),
    (_S.FAILED, "failed"),
    (_S.PARKED, "waiting for you"),
    (_S.SKIPPED, "skipped"),
    (_S.CANCELLED, "cancelled"),
)


@dataclass(frozen=True, slots=True)
class End:
    """`sentence` for a person; `took` in seconds; `good`: nothing failed, nobody is asked."""

    sentence: str
    took: float
    good: bool


class QueueEnd:
    """Looks at one snapshot after the other."""

    def __init__(self) -> None:
        self._since: float | None = None  # when work began, as far as anybody saw it
        self._before: Mapping[JobState, int] = {}

    def note(self, queue: Snapshot, now: float) -> End | None:
        """The end, once, when work was seen and there is none any more. `now` in seconds.

        A person who paused or cancelled the rest needs not be told.
        """
        counts = queue.totals.counts
        if at_work(queue):
            if self._since is None:
                self._since, self._before = now, dict(counts)
            return None
        if self._since is None:
            return None
        took, self._since = now - self._since, None
        news = {state: max(0, counts.get(state, 0) - self._before.get(state, 0)) for state in _S}
        ended = any(news[state] for state in (_S.DONE, _S.FAILED, _S.PARKED, _S.SKIPPED))
        if not ended or news[_S.PAUSED] or queue.held:
            return None
        return End(_sentence(news), took, not news[_S.FAILED] and not news[_S.PARKED])


def _sentence(news: Mapping[JobState, int]) -> str:
    told = ", ".join(f"{news[state]:,} {word}" for state, word in _TOLD if news[state])
    what = "Nothing goes on by itself" if news[_S.PARKED] else "All transfers have ended"
    return f"{what}: {told}."
