"""A job, its states and its proof; the commands that go down and the snapshots that come up.

Everything here is a frozen dataclass of plain values, so that it can cross a socket.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from providers.base import Entry, Place
from providers.records import dataclass, field


class Op(StrEnum):
    """What a job does."""

    COPY = "copy"
    MOVE = "move"  # copy, prove, then delete the source
    MAKE_DIR = "mkdir"  # a directory of a copied tree that is empty, or not open to everybody
    REMOVE_DIR = "rmdir"  # a source directory emptied by a move
    NOTE = "note"  # something a plan left out (a link, a device): skipped, with the reason
    LINK = "link"  # a symbolic link of the same text as that at the source
    MOVE_LINK = (
        "move link"  # the same, and then the link at the source goes, never what it leads to
    )
    # One thing of a target that its source has no longer: only when the rest of the batch is done.
    PRUNE = "prune"
    RENAME = "rename"  # another name within one place: from the address `source` to `target`


OF_LINKS = frozenset({Op.LINK, Op.MOVE_LINK})

AFTERWARDS = frozenset({Op.REMOVE_DIR, Op.PRUNE})
"""What comes after all the rest of its batch."""


class JobState(StrEnum):
    QUEUED = "queued"
    PREPARING = "preparing"
    TRANSFERRING = "transferring"
    VERIFYING = "verifying"
    COMMITTING = "committing"
    DONE = "done"
    WAITING = "waiting"  # for a retry, at a time
    PARKED = "parked"  # needs a person
    PAUSED = "paused"
    SKIPPED = "skipped"  # by the conflict policy: neither copied nor failed
    CANCELLED = "cancelled"
    FAILED = "failed"


RUNNING = frozenset(
    {JobState.PREPARING, JobState.TRANSFERRING, JobState.VERIFYING, JobState.COMMITTING}
)
FINISHED = frozenset({JobState.DONE, JobState.SKIPPED, JobState.CANCELLED, JobState.FAILED})
UNFINISHED = frozenset(JobState) - FINISHED
GOING = RUNNING | {JobState.QUEUED, JobState.WAITING}
"""What goes on without a person."""

_ASIDE = frozenset(
    {JobState.WAITING, JobState.PARKED, JobState.PAUSED, JobState.CANCELLED, JobState.FAILED}
)
_RUN_ORDER = (
    JobState.QUEUED,
    JobState.PREPARING,
    JobState.TRANSFERRING,
    JobState.VERIFYING,
    JobState.COMMITTING,
    JobState.DONE,
)


def _legal() -> Mapping[JobState, frozenset[JobState]]:
    legal = {
        here: frozenset({after, JobState.SKIPPED, JobState.QUEUED}) | _ASIDE
        for here, after in itertools.pairwise(_RUN_ORDER)
    }
    # An upload that cannot be proven before it has its name is verified after the commit, and a
    # mismatch is copied once more from zero.
    legal[JobState.COMMITTING] |= {JobState.VERIFYING}
    legal[JobState.VERIFYING] |= {JobState.DONE, JobState.TRANSFERRING}
    legal[JobState.PREPARING] |= {JobState.DONE, JobState.COMMITTING, JobState.VERIFYING}
    # One of a batch passes the states between without a word.
    legal[JobState.TRANSFERRING] |= {JobState.COMMITTING}
    resting = frozenset({JobState.QUEUED, JobState.SKIPPED}) | _ASIDE
    legal |= dict.fromkeys((JobState.WAITING, JobState.PARKED, JobState.PAUSED), resting)
    # Skipped: what a mirror would delete, once what it depends on was taken off the list.
    over = frozenset({JobState.QUEUED, JobState.SKIPPED})
    legal |= dict.fromkeys((JobState.FAILED, JobState.CANCELLED), over)
    legal |= {s: frozenset() for s in (JobState.DONE, JobState.SKIPPED)}
    return MappingProxyType(legal)


LEGAL = _legal()
"""From each state, the states that may follow."""


class Policy(StrEnum):
    """What to do when the destination exists."""

    ASK = "ask"  # park the job
    SKIP = "skip"
    OVERWRITE = "overwrite"
    NEWER = "newer"  # overwrite when the source is newer
    DIFFERENT = "different"  # overwrite when size or time differ
    RENAME = "rename"  # keep both: "name (2).ext"


class Verify(StrEnum):
    """How much proof to ask for."""

    AUTO = "auto"  # digests where they cost no second transfer
    STRONG = "strong"  # read back where there is no other way
    SIZE = "size"


class Links(StrEnum):
    """What becomes of symbolic links in what is copied."""

    LINK = "link"  # a link of the same text is made, whatever it leads to
    FOLLOW = "follow"  # what it leads to is copied
    SKIP = "skip"  # left out, and said so


class Carry(StrEnum):
    """What of a file's time and permissions its copy gets. What is renamed keeps both."""

    ALL = "all"
    TIMES = "times"
    MODE = "mode"
    NOTHING = "nothing"

    @property
    def times(self) -> bool:
        return self in (Carry.ALL, Carry.TIMES)

    @property
    def mode(self) -> bool:
        return self in (Carry.ALL, Carry.MODE)


class ProofWord(StrEnum):
    """What was proven about a copy, and no more."""

    SHA256 = "sha256 both ends"
    SERVER_DIGEST = "server digest"
    SIZE_ONLY = "size only"
    NOT_PROVEN = "nothing proven"  # taken by a place that shows nothing of what it takes
    CHANGED_BY_SERVER = "changed by server"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Proof:
    """`word`, and the digests behind it. `how` says how the destination's was learnt."""

    word: ProofWord
    algorithm: str = ""
    source: str = ""
    target: str = ""
    how: str = ""  # "read back", "sha256sum on the server", …

    def __str__(self) -> str:
        if self.word is ProofWord.SERVER_DIGEST:
            return f"{self.word} ({self.algorithm})"
        return str(self.word)


SAME_LINK = "the same link is there already"
"""The reason of a link that was left alone, and so was its source."""

RENAMED = "renamed in place, nothing was copied"
"""The reason of a move that was done by giving the file another name."""

SAME = "same size and time"
"""The reason of a copy that was skipped because it is there already."""

TRASH = "trash"
"""`NewJob.keep` for the trash of the place."""


class ParkReason(StrEnum):
    """Why a job waits for a person."""

    CONFLICT = "conflict"  # Job.conflict has both sides
    SIGN_IN = "sign-in"  # a secret: Job.asks says for which endpoint
    HOST_KEY = "host key"
    SPACE = "no space"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Conflict:
    """What stands in the way: the source and the destination, as they were looked at."""

    source: Entry
    target: Entry


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a plan asks for. `size` in bytes, None when unknown."""

    op: Op
    source: Place
    target: Place
    size: int | None = None
    source_version: str | None = None
    modified: float | None = None  # Unix seconds
    mode: int | None = None
    within: str = ""  # the target directory a person chose: links below it are not followed
    expected: str = ""  # "sha256:…hex": the digest that a person was told, if any
    policy: Policy | None = None  # None: that of Enqueue
    # The destination's version that it may replace: of any other a person is asked. Of Op.PRUNE:
    # the only one that is removed; None: a directory, which is removed only when it is empty.
    agreed: str | None = None
    # Of Op.PRUNE, that and `within` are needed: the top of the tree that `source` is missing from.
    source_within: str = ""
    # Of Op.PRUNE: "" deletes, TRASH, or the address on the same endpoint that it is renamed to.
    keep: str = ""
    carry: Carry = Carry.ALL
    note: str = ""  # of Op.NOTE: why it is left out
    # Of Op.LINK: where it leads, as far as a listing told. What is made is what stands there then.
    leads: str = ""
    failed: bool = False  # of Op.NOTE: a failure, not a choice


@dataclass(frozen=True, slots=True)
class Job:
    """One file's way from a place to another, as journaled."""

    id: int
    batch: int  # enqueued together: "for all" means all of these
    seq: int  # position in the queue
    key: str  # eight hex digits, its own: names its temporary file
    op: Op
    source: Place
    target: Place
    state: JobState = JobState.QUEUED
    size: int | None = None
    source_version: str | None = None
    modified: float | None = None
    mode: int | None = None
    within: str = ""  # the target directory a person chose: links below it are not followed
    source_within: str = ""  # of Op.PRUNE: the top of the tree that `source` is missing from
    keep: str = ""  # of Op.PRUNE: "" deletes, TRASH, or the address that it is renamed to
    carry: Carry = Carry.ALL  # of `modified` and `mode`: what the copy gets
    priority: int = 0  # higher runs first; within one priority the queue's order holds
    policy: Policy = Policy.ASK
    verify: Verify = Verify.AUTO
    attempt: int = 0  # how often it was started
    expected: str = ""  # "sha256:…hex": the digest that a person was told; "" for none
    attempts: int = 8  # how often it may be
    restarts: int = 0  # clean restarts after a changed source or a differing copy
    crashes: int = 0  # starts that ended with Wharfie itself, and no part stored since
    reason: str = ""  # of the state, for a person: one line, safe for a terminal
    park: ParkReason | None = None
    asks: str = ""  # the endpoint that needs an answer
    cancelling: bool = False  # a cancel was asked for, its clean-up is not done
    pausing: bool = False  # a pause was asked for while it ran
    begun: bool = False  # unfinished bytes may lie at the destination, token or not
    upload: str | None = None  # the token of Writer.begin: may hold a secret
    sent: int = 0  # bytes of the upload that the destination holds durably, from the start on
    prefix: str = ""  # sha256 of those bytes, as read from the source
    replacing: str | None = None  # the destination's version that may be replaced
    agreed: str | None = None  # the destination's version a person was asked about
    digest: str = ""  # sha256 of the bytes as read from the source; of a link: of its text
    committed: bool = False  # the destination has its name; only the source of a move is left
    proof: Proof | None = None
    started: float | None = None  # Unix seconds
    ended: float | None = None

    @property
    def finished(self) -> bool:
        return self.state in FINISHED


# Commands ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Enqueue:
    jobs: tuple[NewJob, ...]
    policy: Policy = Policy.ASK
    verify: Verify = Verify.AUTO


@dataclass(frozen=True, slots=True)
class Pause:
    jobs: tuple[int, ...] | None = None  # None: all


@dataclass(frozen=True, slots=True)
class Resume:
    jobs: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    jobs: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Queue failed, cancelled or parked jobs again, from the first attempt. None: all failed."""

    jobs: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Shift jobs in the queue: by `by` places (negative: up), or to the top or the bottom."""

    jobs: tuple[int, ...]
    by: int = 0
    to: str = ""  # "top" | "bottom" | ""


@dataclass(frozen=True, slots=True)
class Resolve:
    """Answer a conflict. `whole_batch`: for every other job enqueued with it, too."""

    job: int
    policy: Policy
    whole_batch: bool = False


@dataclass(frozen=True, slots=True)
class Unpark:
    """An endpoint was answered (password given, host key accepted): go on with its jobs."""

    endpoint: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Remove finished jobs from the list and the journal. None: all finished."""

    jobs: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class SetLimits:
    """`rate` in bytes a second, 0 for none; `workers` files at once. None: unchanged.

    With `endpoint`, `connections` is how many files at once may concern it; 0: as it says itself.
    """

    rate: int | None = None
    workers: int | None = None
    endpoint: str = ""
    connections: int | None = None


@dataclass(frozen=True, slots=True)
class SetPriority:
    """Have jobs run before (higher) or after (lower) the others. None: all that are unfinished.

    `more`: each gets `priority` more than it has.
    """

    jobs: tuple[int, ...] | None
    priority: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Start nothing more ("finish current, then stop"), or go on. What runs is finished.

    It outlives the process that was told: the next one starts nothing either, until it is told to.
    """

    on: bool = True


@dataclass(frozen=True, slots=True)
class Expect:
    """Hold a copy that is not finished against a digest that a person was told: "sha256:…hex"."""

    job: int
    expected: str


@dataclass(frozen=True, slots=True)
class RunExisting:
    """Work what an earlier run left, too: an engine may have been started for its own jobs only."""


Command: TypeAlias = (
    Enqueue
    | Pause
    | Resume
    | Cancel
    | Retry
    | Move
    | Resolve
    | Unpark
    | Clear
    | SetLimits
    | SetPriority
    | Hold
    | Expect
    | RunExisting
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person gave to get into `endpoint`. Held in memory only, never journaled or logged."""

    endpoint: str
    secrets: tuple[tuple[str, str, str], ...] = field(default=(), repr=False)  # needs, subject, it
    trusted: tuple[str, ...] = ()  # known_hosts lines of keys accepted for this run


# Snapshots and events ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A job as the panel shows it now."""

    job: Job
    moved: int = 0  # bytes of this attempt that are across, counting resumed ones
    rate: float = 0.0  # bytes a second
    eta: float | None = None  # seconds
    conflict: Conflict | None = None
    retry_in: float | None = None  # seconds, when waiting


@dataclass(frozen=True, slots=True)
class Totals:
    counts: Mapping[JobState, int] = field(default_factory=dict)
    size: int = 0  # bytes of every job that was not cancelled, skipped or failed
    moved: int = 0  # of those, bytes that are across
    rate: float = 0.0
    eta: float | None = None  # of what goes on without a person; None: nobody can tell

    @property
    def jobs(self) -> int:
        return sum(self.counts.values())

    @property
    def unfinished(self) -> int:
        return sum(n for state, n in self.counts.items() if state in UNFINISHED)

    @property
    def running(self) -> int:
        return sum(n for state, n in self.counts.items() if state in RUNNING)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A window of the queue: `rows` are those from `first` on, `count` is how many there are.

    With `states` it is a window of the jobs in one of them; `totals` are always of all.
    """

    revision: int  # changes whenever any job's state, order or presence does
    first: int
    count: int
    rows: tuple[Row, ...]
    totals: Totals
    rate_limit: int = 0  # bytes a second, 0 for none
    workers: int = 0
    held: bool = False  # nothing more is started
    notice: str = ""  # trouble of the queue itself, for a person
    states: tuple[JobState, ...] = ()


@dataclass(frozen=True, slots=True)
class StateChanged:
    """Pushed once for each change, after it was journaled."""

    job: Job
    before: JobState | None  # None: newly enqueued
    conflict: Conflict | None = None
