"""Copying and moving: planned and shown here, carried out by the queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic as clock
from typing import TYPE_CHECKING

from providers import location
from providers.base import Entry, Measured, Place, Provider, Writer
from providers.errors import ProviderError
from providers.records import dataclass
from providers.text import printable
from transfers.model import Links, NewJob, Op
from transfers.plan import Planned, look_ahead
from transfers.scan import ScanCancelled, plan_tree
from tui import file_operations as files
from tui import planning
from tui.background import in_thread
from tui.choices import CARRY, LINKS, PLAN, ShowPlan
from tui.commands.gathered import fit_to_go
from tui.commands.work import counting_on, hand_over, with_progress
from tui.file_operations import Stopped
from tui.planning import Choices, Plan
from tui.screens.plan import PlanScreen
from tui.selection import Group
from tui.shell_line import shell_line
from tui.sign_in import QUIET, show
from tui.widgets.file_pane import FilePane
from tui.widgets.transfer_panel import TransferPanel

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

_SOON = 1.0  # seconds in which a plan is awaited before other keys are pressed


@dataclass(frozen=True, slots=True)
class Order:
    """What is to go where. `target` is a folder. Not `typed`: the entries are
    not what their addresses alone name, but have a name of their own, say."""

    groups: Sequence[Group]
    target: Place
    move: bool = False
    typed: bool = True


async def copy(screen: MainScreen, pane: FilePane) -> None:
    """Copy what is selected to the other pane."""
    await transfer(screen, pane, screen.other, move=False)


async def move(screen: MainScreen, pane: FilePane) -> None:
    """Move what is selected to the other pane."""
    await transfer(screen, pane, screen.other, move=True)


async def transfer(screen: MainScreen, source: FilePane, target: FilePane, *, move: bool) -> None:
    """Plan the copy or move of what is selected, and hand what is approved to the queue."""
    groups, verb = source.selection, "move" if move else "copy"
    if not groups:
        screen.say(f"Nothing to {verb}: put the cursor on an entry, or mark some.")
        return
    if source.place == target.place and source.search is None:
        screen.say("Both panes show the same folder. Go elsewhere in one of them first.")
        return
    if complaint := target_complaint(target):
        screen.say(complaint)
        return
    if await fit_to_go(screen, source, groups, target.place, move=move):
        await carry_out_from(screen, source, Order(groups, target.place, move))


def target_complaint(target: FilePane) -> str:
    """Why nothing can be copied into the folder that `target` shows; "" when it can."""
    if target.search is not None:
        return "The other pane shows what was found. Open a folder there first."
    if target.read_once:
        return ""
    if not target.idle:
        return "The other pane is still being read. Try again in a moment."
    return "The other pane shows no folder to copy into. Open one there first."


async def carry_out_from(screen: MainScreen, source: FilePane, order: Order) -> None:
    """As `carry_out`; what was queued is not marked in `source` any longer."""
    if await carry_out(screen, order):
        source.unmark([place for group in order.groups for place in group.places])


async def carry_out(screen: MainScreen, order: Order) -> bool:
    """Plan `order`, show the plan and queue what is approved: whether anything was.

    Raises ProviderError.
    """
    if screen.planning:
        screen.say("A plan is being made already: Esc stops it.")
        return False
    started, screen.planning = clock(), True
    patience = screen.set_timer(_SOON, screen.services.type_ahead.forget)
    try:
        plan = await with_progress(screen, "Planning", partial(_plan, screen, order))
    except (ScanCancelled, Stopped):
        screen.say("Planning stopped; nothing was queued.")
        return False
    finally:
        patience.stop()
        screen.planning = False
    choices = await _approved(screen, plan, order, in_time=clock() - started < _SOON)
    if choices is None:
        screen.say("The plan was dropped; nothing was queued.")
        return False
    return await _queue(screen, plan, choices)


async def _approved(
    screen: MainScreen, plan: Plan, order: Order, *, in_time: bool
) -> Choices | None:
    """What a person decided. `in_time`: what they press is meant for the plan already."""
    choices = Choices(order.move)
    if planning.plain(plan) and _only_conflicts(screen):
        return choices
    quiet = 0.0 if in_time else QUIET
    command = partial(_command, screen, plan)
    return await show(screen.app, PlanScreen(plan, choices, command, quiet=quiet))


async def _queue(screen: MainScreen, plan: Plan, choices: Choices) -> bool:
    """Whether there was anything to queue."""
    carry = screen.services.chosen(CARRY)
    jobs = await in_thread(lambda: planning.jobs(plan, choices, carry))
    if not jobs:
        screen.say("Everything was left out; nothing was queued.")
        return False
    ends = {place.endpoint for place in (*plan.sources, plan.target)}
    new = await hand_over(screen, jobs, *ends, policy=choices.policy)
    await bring_in_sight(screen, len(new))
    verb = "Move" if choices.move else "Copy"
    noun = "job" if len(jobs) == 1 else "jobs"
    said = f"{verb}: {len(jobs):,} {noun} queued, to {printable(location.show(plan.target))}"
    held = screen.query_one(TransferPanel).held
    if held:
        there, on = (screen.services.key_map.named(name) for name in ("transfers", "hold"))
        said = f"{said}; the queue is held: {there}, then {on}, goes on"
    screen.say(said)
    return True


async def bring_in_sight(screen: MainScreen, count: int) -> None:
    """Have the panel show the first of the `count` that were queued last."""
    queue = screen.services.queue
    there = await screen.services.of_queue(lambda: queue.snapshot(0, 0))
    screen.query_one(TransferPanel).bring_in_sight(there.count - count)


def _plan(
    screen: MainScreen,
    order: Order,
    report: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> Plan:
    """Blocking."""
    connections = screen.services.connections
    to = connections.open(order.target.endpoint)
    files.writer(to, order.target.endpoint)
    rows: list[Planned] = []
    removals: list[NewJob] = []
    movable = True
    for group in order.groups:
        start, counting = connections.open(group.endpoint), counting_on(report, len(rows))
        links = screen.services.chosen(LINKS)
        more, emptied = _rows(group, start, order.target, to, links, counting, cancelled)
        rows += more
        removals += emptied
        movable = movable and isinstance(start, Writer) and start.caps.parts is not None
    return planning.make_plan(
        [place for group in order.groups for place in group.places],
        order.target,
        rows,
        removals,
        free=_free(to, order.target.path),
        movable=movable,
        typed=order.typed,
    )


def _rows(
    group: Group,
    start: Provider,
    target: Place,
    to: Provider,
    links: Links,
    report: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> tuple[list[Planned], list[NewJob]]:
    """The jobs of a move with what they would meet, and the directories that it empties: a person
    may still choose between copy and move."""
    digests: dict[str, Mapping[str, str]] = {}

    def note(entry: Entry) -> None:
        if entry.digests:
            digests[entry.path] = entry.digests

    ends = (start, group.entries, group.endpoint, to, target)
    jobs = plan_tree(
        *ends, move=True, links=links, on_progress=report, cancelled=cancelled, on_file=note
    )
    removals = [job for job in jobs if job.op is Op.REMOVE_DIR]
    moving = jobs[: len(jobs) - len(removals)]
    rows = look_ahead(moving, to, digests=digests, on_progress=report, cancelled=cancelled)
    return rows, removals


def _free(place: Provider, path: str) -> int | None:
    """Bytes; None where the place does not tell."""
    try:
        return place.room(path).free if isinstance(place, Measured) else None
    except ProviderError:
        return None


def _command(screen: MainScreen, plan: Plan, choices: Choices) -> str:
    services = screen.services
    links, carry = services.chosen(LINKS), services.chosen(CARRY)
    sites = services.access.sites
    return shell_line(plan, choices, services.verify, sites, links=links, carry=carry)


def _only_conflicts(screen: MainScreen) -> bool:
    """Whether a plan is shown only where something is to be decided."""
    return screen.services.chosen(PLAN) is ShowPlan.CONFLICTS
