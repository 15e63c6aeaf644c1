"""What a mirror says: nothing when all is well, a line for each failure, and all of it as JSON."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from providers.base import Kind, Place
from providers.location import show
from providers.records import dataclass, field
from providers.text import printable
from transfers.completion import is_missed
from transfers.mirror.model import Action, MirrorPlan, Step
from transfers.mirror.planning import is_failure
from transfers.model import Job, JobState, Op
from tui import format as fmt
from tui.headless.report import NOT_FINE, Report, describe, line

Asked = Mapping[str, int]
"""How many requests went to "source" and "target" so far; without what is on this computer."""

_ORDER = (
    Action.RIGHT,
    Action.LEFT,
    Action.MAKE_DIR,
    Action.RENAME,
    Action.DELETE_RIGHT,
    Action.DELETE_LEFT,
    Action.SKIP,
)
_WORDS = {
    Action.RIGHT: "copy",
    Action.LEFT: "copy to the source",
    Action.MAKE_DIR: "make folder",
    Action.RENAME: "rename",
    Action.DELETE_RIGHT: "delete",
    Action.DELETE_LEFT: "delete at the source",
    Action.SKIP: "leave",
}
_LINKS = {Action.RIGHT: "link", Action.LEFT: "link at the source"}


@dataclass(slots=True)
class MirrorReport(Report):
    """Prints what was not done, and keeps what was: for the receipt."""

    jobs: list[Job] = field(default_factory=list)
    _wrong: set[int] = field(default_factory=set)  # jobs that failed, or wait for a person
    _undone: int = 0  # what failed and is no job
    _kept: list[Job] = field(default_factory=list)  # deletions that did not happen

    @property
    def failures(self) -> int:
        return len(self._wrong) + self._undone + self.gone

    @property
    def all_fine(self) -> bool:
        return not self.failures

    def job(self, job: Job) -> None:
        self.count(job)
        self.jobs.append(job)
        self._wrong.discard(job.id)  # a person may have answered
        if self.as_json:
            print(json.dumps(describe(job)), flush=True)
        if job.op is Op.PRUNE and job.state is JobState.SKIPPED:
            self._kept.append(job)
        elif job.state in NOT_FINE or is_missed(job):
            self._failed(job)

    def left(self, plan: MirrorPlan, steps: Sequence[Step]) -> None:
        """Tell of steps that cannot be done, or no longer."""
        for step in steps:
            self._undone += 1
            if self.as_json:
                print(json.dumps(described(step) | {"state": "failed"}), flush=True)
            else:
                self._say(
                    f"{'failed':9} {'':16} {'':9}  {_ends(plan, step)}  ({printable(why(step))})"
                )

    def ended(self) -> None:
        """Nothing more comes. Deletions that something else held back are told by that: without
        it, each has a reason of its own."""
        if self.gone:
            count = "1 transfer was" if self.gone == 1 else f"{self.gone:,} transfers were"
            self._say(f"wharfie: {count} taken off the list, and nobody saw how they ended")
        if not self.failures:
            for job in self._kept:
                self._failed(job)

    def summary_of(self, plan: MirrorPlan, asked: Asked) -> None:
        """All of it as the last line of JSON."""
        states = {state.value: count for state, count in self.states.items() if count}
        done = {**states, "failures": self.failures, "proofs": dict(self.proofs)}
        print(json.dumps({**facts(plan, asked), **done, "bytes": self.size}), flush=True)

    def _failed(self, job: Job) -> None:
        self._wrong.add(job.id)
        if not self.as_json:
            self._say(line(job))

    def _say(self, text: str) -> None:
        self.clear_progress()
        print(text, file=sys.stderr, flush=True)


# Plans ---------------------------------------------------------------------------------------


def print_plan(plan: MirrorPlan, asked: Asked, *, as_json: bool) -> None:
    """A line a step, then how many there are of each kind, and of what is the same."""
    for step in plan.steps:
        print(json.dumps(described(step)) if as_json else _line(step))
    if as_json:
        print(json.dumps(facts(plan, asked)))
        return
    for remark in plan.remarks:
        print(f"note: {printable(remark)}")
    print(plan_in_words(plan, asked))


def plan_in_words(plan: MirrorPlan, asked: Asked) -> str:
    parts = [_part(plan, action, counted) for action, counted in _counts(plan)]
    parts.append(f"{plan.same:,} the same")
    return ", ".join(parts) + in_words(asked)


def done_in_words(report: MirrorReport, plan: MirrorPlan, asked: Asked) -> str:
    """What came of it."""
    done = Counter(job.op for job in report.jobs if job.state is JobState.DONE)
    told = {
        "copied": done[Op.COPY],
        "linked": done[Op.LINK],
        "folders made": done[Op.MAKE_DIR],
        "renamed": done[Op.RENAME],
        "deleted": done[Op.PRUNE],
        "failed": report.failures,
    }
    parts = [f"{count:,} {word}" for word, count in told.items() if count]
    proofs = ", ".join(f"{n:,} × {proof}" for proof, n in sorted(report.proofs.items()))
    proven = f" · proven: {proofs}" if proofs else ""
    parts.append(f"{plan.same:,} the same")
    return f"{', '.join(parts)} · {fmt.size(report.size)}{proven}{in_words(asked)}"


def facts(plan: MirrorPlan, asked: Asked) -> dict[str, object]:
    """The plan as a summary of JSON tells it."""
    sizes = _sizes(plan)
    return {
        "summary": True,
        "steps": {action.value: count for action, count in _counts(plan)},
        "bytes": sizes[Action.RIGHT] + sizes[Action.LEFT],
        "same": plan.same,
        "requests": dict(asked),
        "remarks": list(plan.remarks),
    }


def in_words(asked: Asked) -> str:
    """What was asked for, to be put behind a sentence."""
    counts = ", ".join(f"{side} {count:,}" for side, count in asked.items())
    return f" · requests to compare: {counts}" if counts else ""


def why(step: Step) -> str:
    return step.why or step.pair.why or str(step.pair.mark)


def described(step: Step) -> dict[str, object]:
    """A step as `--json` prints it."""
    pair, old = step.pair, step.moved_from
    return {
        "action": step.action.value,
        "mark": pair.mark.value,
        "path": list(pair.relative),
        "moved_from": None if old is None else list(old.relative),
        "size": _size(step),
        "why": why(step),
        "failure": is_failure(step),
    }


def _line(step: Step) -> str:
    said, mark = printable(why(step)), step.pair.mark
    reason = f"  ({said})" if said != mark else ""
    return f"{_word(step):12} {mark:14} {fmt.size(_size(step)):>9}  {_shown(step)}{reason}"


def _word(step: Step) -> str:
    return _LINKS[step.action] if _links(step) else _WORDS[step.action]


def _links(step: Step) -> bool:
    """Whether a link is made."""
    brought = {Action.RIGHT: step.pair.left, Action.LEFT: step.pair.right}.get(step.action)
    return brought is not None and brought.kind is Kind.LINK


def _ends(plan: MirrorPlan, step: Step) -> str:
    """Both addresses; that of the tree itself, where one side cannot have the name."""
    pair = step.pair
    left = Place(plan.left.endpoint, pair.left_path or plan.left.path)
    right = Place(plan.right.endpoint, pair.right_path or plan.right.path)
    return printable(f"{show(left)} → {show(right)}")


def _shown(step: Step) -> str:
    name = printable("/".join(step.pair.relative))
    old = step.moved_from
    return name if old is None else f"{printable('/'.join(old.relative))} → {name}"


def _size(step: Step) -> int | None:
    right = step.action in (Action.LEFT, Action.DELETE_RIGHT)
    entry = (step.pair.right if right else step.pair.left) or step.pair.right
    return None if entry is None else entry.size


def _sizes(plan: MirrorPlan) -> Counter[Action]:
    sizes: Counter[Action] = Counter()
    for step in plan.steps:
        sizes[step.action] += _size(step) or 0
    return sizes


def _counts(plan: MirrorPlan) -> Iterator[tuple[Action, int]]:
    counts = Counter(step.action for step in plan.steps)
    return ((action, counts[action]) for action in _ORDER if counts[action])


def _part(plan: MirrorPlan, action: Action, count: int) -> str:
    size = _sizes(plan)[action]
    links = sum(step.action is action and _links(step) for step in plan.steps)
    moved = f" ({fmt.size(size)})" if action is not Action.SKIP and size else ""
    told = [f"{count - links:,} to {_WORDS[action]}{moved}"] if count > links else []
    return ", ".join([*told, f"{links:,} to {_LINKS[action]}"] if links else told)
