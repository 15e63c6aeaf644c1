"""What a person is shown before bytes move, and what becomes of what they decide. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from providers.base import Place
from providers.records import dataclass, field, replace
from transfers.conflict import is_different, is_newer
from transfers.model import OF_LINKS, Carry, NewJob, Op, Policy
from transfers.plan import THERE, Meets, Planned, Tally, as_entry, tallies
from tui import format as show
from tui.unfinished import below

Edits: TypeAlias = Mapping[int, Policy | None]
"""What was decided of single rows, by their position; None: left out."""

_HARMLESS = frozenset({Meets.NEW, Meets.FOLDER, Meets.LEFT_OUT})
_DOES = {
    Policy.ASK: "ask",
    Policy.SKIP: "skip",
    Policy.OVERWRITE: "overwrite",
    Policy.RENAME: "keep both",
}
_OVERWRITING = frozenset({Policy.OVERWRITE, Policy.NEWER, Policy.DIFFERENT})
_COPIES = {Op.MOVE: Op.COPY, Op.MOVE_LINK: Op.LINK}
"""What a job of a move is in a copy."""

_FILES = frozenset({*_COPIES, *_COPIES.values()})
_SIZE, _MEETS, _ACT = 9, 12, 9  # cells
_ROOM_FOR_SIZE = 50  # cells of a row


@dataclass(frozen=True, slots=True)
class Plan:
    """A copy or move as it would go. `sources` are the entries that were chosen; `free` bytes are
    left at the target, None where nobody says; `movable`: the sources may be deleted after it;
    `typed`: the addresses alone say what they are."""

    sources: tuple[Place, ...]
    target: Place
    rows: Sequence[Planned]
    removals: tuple[NewJob, ...]  # of a move: the directories that it empties
    tallies: Mapping[Meets, Tally]
    free: int | None
    movable: bool
    typed: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person decided of a plan. `policy` is for whatever is there already."""

    move: bool
    policy: Policy = Policy.ASK
    edits: Edits = field(default_factory=dict)


def make_plan(
    sources: Sequence[Place],
    target: Place,
    rows: Sequence[Planned],
    removals: Sequence[NewJob] = (),
    *,
    free: int | None = None,
    movable: bool = True,
    typed: bool = True,
) -> Plan:
    """`rows` and `removals` are those of a move: what a copy needs is made of them."""
    return Plan(
        sources=tuple(sources),
        target=target,
        rows=rows,
        removals=tuple(removals),
        tallies=tallies(rows),
        free=free,
        movable=movable and typed,
        typed=typed,
    )


def plain(plan: Plan) -> bool:
    """Whether nothing is to be decided: all is new and, as far as anybody knows, fits."""
    return _HARMLESS.issuperset(plan.tallies) and not too_large(plan, Choices(move=False))


def decided(plan: Plan, edits: Edits, rows: Sequence[int], choice: Policy | None) -> Edits:
    """`edits` with `choice` for `rows`; where nothing is there, there is nothing to decide but
    whether it is left out, and of what is left out already, nothing at all."""
    after = dict(edits)
    for at in rows:
        meets = plan.rows[at].meets
        if meets is Meets.LEFT_OUT:
            continue
        if choice is None or meets in THERE:
            after[at] = choice
        else:
            after.pop(at, None)
    return after


def act(plan: Plan, choices: Choices, at: int) -> str:
    """What becomes of a row, in a word or two."""
    row = plan.rows[at]
    if row.meets is Meets.LEFT_OUT:
        return ""
    if at in choices.edits and choices.edits[at] is None:
        return "leave out"
    if row.meets is Meets.BLOCKED:
        return "fails"
    if row.meets is Meets.FOLDER:
        return "make"
    if row.meets is Meets.NEW:
        return _brings(row.job.op, move=choices.move)
    return _on_meeting(row, choices.edits.get(at) or choices.policy)


def _brings(op: Op, *, move: bool) -> str:
    """What a link led to is copied by a move as well."""
    if move and op in _COPIES:
        return "move"
    return "link" if op in OF_LINKS else "copy"


def _on_meeting(row: Planned, policy: Policy) -> str:
    if row.meets is Meets.CLASH and policy in _OVERWRITING:
        return "ask"
    if policy in _DOES:
        return _DOES[policy]
    if row.there is None:
        return "if newer" if policy is Policy.NEWER else "if other"
    wanted = is_newer if policy is Policy.NEWER else is_different
    return "overwrite" if wanted(as_entry(row.job), row.there) else "skip"


def jobs(plan: Plan, choices: Choices, carry: Carry = Carry.ALL) -> tuple[NewJob, ...]:
    """What the queue is to do. Whatever the policy, nothing is overwritten unasked where nothing
    stood when it was planned, nor where names clash: one of two files would be lost."""
    made = []
    for at, row in enumerate(plan.rows):
        if at in choices.edits and choices.edits[at] is None:
            continue
        job = _job(row, choices, choices.edits.get(at))
        made.append(job if carry is job.carry else replace(job, carry=carry))
    return (*made, *plan.removals) if choices.move else tuple(made)


def _job(row: Planned, choices: Choices, edit: Policy | None) -> NewJob:
    job = row.job
    if job.op in _COPIES and not choices.move:
        job = replace(job, op=_COPIES[job.op])
    version = None if row.there is None else row.there.version
    if edit is not None:
        return replace(job, policy=edit, agreed=version)
    if row.meets in (Meets.SAME, Meets.DIFFERENT) and choices.policy is Policy.OVERWRITE:
        return replace(job, agreed=version)
    doubtful = row.meets in (Meets.NEW, Meets.CLASH) and choices.policy in _OVERWRITING
    return replace(job, policy=Policy.ASK) if doubtful else job


def total(plan: Plan, choices: Choices) -> Tally:
    """The files and bytes that may move: without what is left out, or skipped whatever it is."""
    counted = {Meets.NEW} if choices.policy is Policy.SKIP else {Meets.NEW, *THERE}
    sum_ = Tally()
    for meets in counted & plan.tallies.keys():
        tally = plan.tallies[meets]
        sum_.count += tally.count
        sum_.size += tally.size
        sum_.unsized += tally.unsized
    for at, edit in choices.edits.items():
        _correct(sum_, plan.rows[at], edit, counted=plan.rows[at].meets in counted)
    return sum_


def _correct(sum_: Tally, row: Planned, edit: Policy | None, *, counted: bool) -> None:
    """Count one row that was decided by itself."""
    wanted = edit not in (None, Policy.SKIP)
    if wanted != counted and row.job.op in _FILES:
        sign = 1 if wanted else -1
        sum_.count += sign
        sum_.size += sign * (row.job.size or 0)


def too_large(plan: Plan, choices: Choices) -> bool:
    """Whether it is certain not to fit. What is moved within a place may only get another name."""
    ends = {place.endpoint for place in plan.sources}
    within = choices.move and ends == {plan.target.endpoint}
    return plan.free is not None and not within and total(plan, choices).size > plan.free


def filtered(plan: Plan, meets: Meets | None) -> list[int]:
    """The positions of the rows of one kind; None: of all."""
    if meets is None:
        return list(range(len(plan.rows)))
    return [at for at, row in enumerate(plan.rows) if row.meets is meets]


def row_text(plan: Plan, choices: Choices, at: int, width: int) -> str:
    """A row of the list, made safe."""
    job = plan.rows[at].job
    path = job.source.path if job.op is Op.NOTE else job.target.path
    name = path if job.op is Op.NOTE else below(path, plan.target.path)
    meets, does = str(plan.rows[at].meets), act(plan, choices, at)
    return columns(name, show.size(job.size), meets, does, width)


def columns(name: str, size: str, meets: str, does: str, width: int) -> str:
    """Four texts side by side in `width` cells; the size only where there is room."""
    end = f"  {show.fit(meets, _MEETS)} {show.fit(does, _ACT)}"
    if width >= _ROOM_FOR_SIZE:
        end = f" {show.fit(size, _SIZE, 'right')}{end}"
    room = max(0, width - len(end))
    return show.fit(show.clip_middle(name, room), room) + end


def summary(plan: Plan, choices: Choices, meets: Meets) -> str:
    """A kind of rows with how many and how much they are, in one line."""
    tally = plan.tallies[meets]
    size = "" if meets in (Meets.FOLDER, Meets.LEFT_OUT) else show.size(tally.size)
    unsized = f"  {tally.unsized:,} of unknown size" if tally.unsized else ""
    return f"{tally.count:>9,} {meets:<{_MEETS}} {size:>{_SIZE}}{unsized}"
