"""A second look at two files or links that listings leave in doubt: one request each, or none."""

from __future__ import annotations

from collections.abc import Callable

from providers.base import Entry, Kind, Rewriter
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    HostKeyProblem,
    ProviderError,
    Throttled,
)
from providers.records import dataclass, field, replace
from transfers.mirror import judging
from transfers.mirror.digesting import NONE_IN_COMMON, Digesting
from transfers.mirror.judging import Verdict, by_order, order_of
from transfers.mirror.model import Criteria, Mark, Pair, Side
from transfers.mirror.own_times import OwnTimes

_ENDS_ALL = (AuthRequired, ConnectionLost, HostKeyProblem, Throttled)


def unread(error: ProviderError) -> str:
    """Why something is Mark.UNKNOWN. Raises `error` itself when it is about all of the place."""
    if isinstance(error, _ENDS_ALL):
        raise error
    return f"it could not be looked at: {error.what}"


@dataclass(frozen=True, slots=True)
class Closer:
    """How the pairs of files and links of one comparison are judged. Thread-safe."""

    left: Side
    right: Side
    criteria: Criteria
    cancelled: Callable[[], bool]
    times: OwnTimes = field(default_factory=OwnTimes)

    @property
    def _rules(self) -> judging.Rules:
        caps = self.left.provider.caps, self.right.provider.caps
        return judging.rules_of(*caps, self.criteria)

    @property
    def _left_keeps(self) -> bool:
        return bool(self.left.provider.caps.keeps_modified)

    @property
    def _digesting(self) -> Digesting:
        return Digesting(self.left, self.right, self.cancelled)

    def first(self, pair: Pair) -> Pair:
        """What their listings tell of two files or links; any other pair as it is."""
        left, right = pair.left, pair.right
        if left is None or right is None or pair.mark is not Mark.SAME:
            return pair
        if _are_links(left, right) and (verdict := judging.of_links(left, right)):
            return _with(pair, verdict)
        if (left.kind, right.kind) != (Kind.FILE, Kind.FILE):
            return pair
        own = None if self._left_keeps else self.times.told(left)
        return _with(pair, judging.judged(own or left, right, self._rules))

    def doubts(self, pair: Pair) -> bool:
        """Whether a second look may tell more."""
        left, right = pair.left, pair.right
        if left is None or right is None or pair.mark not in _JUDGED:
            return False
        if _are_links(left, right):
            return judging.of_links(left, right) is None
        if left.size is None or right.size is None:
            return True
        if left.size != right.size:
            return self._rewritten(right)
        if self.criteria.by == "digest":
            return judging.stated(left, right) is None
        return pair.why in _BY_TIME and pair.mark is not Mark.SAME and self._told_more(left, right)

    def _told_more(self, left: Entry, right: Entry) -> bool:
        index = judging.whole_minutes(left) or judging.whole_minutes(right)
        return index or not self._left_keeps or self._digesting.checkable(left, right)

    def second(self, pair: Pair) -> Pair:
        """The pair with what its places say when they are asked about just these two."""
        try:
            return self._second(pair)
        except ProviderError as error:
            return replace(pair, mark=Mark.UNKNOWN, why=unread(error))

    def _second(self, pair: Pair) -> Pair:
        left, right = pair.left, pair.right
        assert left is not None and right is not None
        if _are_links(left, right):
            return self._links(pair, left, right)
        if left.size == right.size is not None:
            told = self._by_digest(left, right)
            if told is not None:
                algorithm, same = told
                order = order_of(left, right, self._rules)
                return _with(pair, Verdict(Mark.SAME if same else by_order(order), algorithm))
        listed = left
        left, right = self._asked(left, self.left), self._asked(right, self.right)
        if left is not listed and not self._left_keeps:
            self.times.learn(listed, left.version, left.modified)
        pair = replace(pair, left=left, right=right)
        if (left.kind, right.kind) != (Kind.FILE, Kind.FILE):
            return replace(pair, mark=Mark.UNKNOWN, why=_CHANGED)
        if self._rewritten(right):
            return _with(pair, _by_time_alone(left, right, self._rules))
        pair = _with(pair, judging.judged(left, right, self._rules))
        if self.criteria.by == "digest" and pair.why != judging.SIZE:
            return replace(pair, why=f"{NONE_IN_COMMON}: {pair.why}")
        return pair

    def _links(self, pair: Pair, left: Entry, right: Entry) -> Pair:
        """Of two links with the texts that their listings leave out, as SFTP's do."""
        left, right = _told(left, self.left), _told(right, self.right)
        pair = replace(pair, left=left, right=right)
        if not _are_links(left, right):
            return replace(pair, mark=Mark.UNKNOWN, why=_CHANGED)
        verdict = judging.of_links(left, right)
        if verdict is None:
            return replace(pair, mark=Mark.UNKNOWN, why="its place does not say where it leads")
        return _with(pair, verdict)

    def _by_digest(self, left: Entry, right: Entry) -> tuple[str, bool] | None:
        if self.criteria.by == "digest":
            return self._digesting.compared(left, right)
        return self._digesting.checked(left, right)

    def _asked(self, entry: Entry, side: Side) -> Entry:
        """`entry` as its place tells it when asked, where its listing leaves something out."""
        stored = side is self.left and not self._left_keeps
        if entry.size is None or stored or judging.whole_minutes(entry):
            return side.provider.stat(entry.path)
        return entry

    def _rewritten(self, right: Entry) -> bool:
        provider = self.right.provider
        return isinstance(provider, Rewriter) and provider.rewrites(right)


_JUDGED = frozenset({Mark.SAME, Mark.NEWER, Mark.OLDER, Mark.DIFFERENT})
_BY_TIME = frozenset({judging.TIME, judging.STORED})
_CHANGED = "it changed while it was looked at"


def _are_links(left: Entry, right: Entry) -> bool:
    return left.kind is right.kind is Kind.LINK


def _told(link: Entry, side: Side) -> Entry:
    return link if link.target else side.provider.stat(link.path)


def _with(pair: Pair, verdict: Verdict) -> Pair:
    return replace(pair, mark=verdict.mark, why=verdict.why)


def _by_time_alone(left: Entry, right: Entry, rules: judging.Rules) -> Verdict:
    """Its place changes such files as it stores them: a size says nothing (faults.md C16)."""
    order = order_of(left, right, rules)
    if order is None:
        return judging.judged(left, right, rules)
    why = "time: its place changes such files"
    return Verdict(by_order(order) if order else Mark.SAME, why)
