"""Comparing the folders of the two panes, and making the right like the left."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from providers import location
from providers.base import Kind, Place
from providers.extras import Property
from providers.text import printable
from transfers.mirror import guard, judging, keeping, moved, walking
from transfers.mirror.jobs import jobs
from transfers.mirror.model import MirrorPlan, Pair, Side, Wish
from transfers.model import Conflict
from transfers.scan import ScanCancelled
from tui import mirroring
from tui.background import in_thread
from tui.commands.copying import bring_in_sight
from tui.commands.work import hand_over, with_progress
from tui.comparing import compared
from tui.comparison import Comparison
from tui.enquiry import UnderWay
from tui.facts import facts
from tui.pair_signs import signs
from tui.pair_table import PairTable
from tui.screens.compare import CompareScreen
from tui.screens.compare_finding import Found
from tui.screens.compare_pair import ComparePairScreen, View
from tui.screens.confirm import ConfirmScreen
from tui.screens.message import MessageScreen
from tui.screens.viewer import ViewerScreen
from tui.sign_in import show
from tui.viewing.source import Source
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def compare(screen: MainScreen, pane: FilePane) -> None:
    """Compare the left pane's folder with the right one's; queue what a person ticked."""
    left, right = screen.panes
    if complaint := _complaint(left, right):
        screen.say(complaint)
        return
    comparison = _comparison(left, right)
    keeps = mirroring.keeps(comparison.right)
    while True:
        dialog = CompareScreen(
            comparison,
            partial(_find, screen, comparison),
            partial(_look_into, screen, comparison),
            keeps=keeps,
            wants_words=screen.services.wants_words,
        )
        run = await show(screen.app, dialog)
        if not run:
            await _show_signs(screen, comparison)
            return
        if await _run(screen, comparison):
            screen.clear_signs()
            return


def _complaint(left: FilePane, right: FilePane) -> str:
    """Why the two cannot be compared; "" when they can."""
    if left.search is not None or right.search is not None:
        return "A pane shows what was found. Open a folder there first."
    if not (left.read_once and right.read_once):
        return "Both panes must show a folder first."
    if left.place == right.place:
        return "Both panes show the same folder. Go elsewhere in one of them first."
    if left.place.endpoint == right.place.endpoint and (
        keeping.is_below(left.place.path, right.place.path)
        or keeping.is_below(right.place.path, left.place.path)
    ):
        return "One of the two folders is inside the other: they cannot be made equal."
    return ""


def _comparison(left: FilePane, right: FilePane) -> Comparison:
    """Raises ProviderError."""
    sides = Side(left.place, left.provider), Side(right.place, right.provider)
    backup = mirroring.backup_folder(sides[1])
    first = mirroring.keeps(sides[1])[0]
    return Comparison(*sides, Wish(keep=first, backup=backup))


async def _find(
    screen: MainScreen,
    comparison: Comparison,
    begin: Callable[[], PairTable],
    report: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> Found:
    """Compare in a thread. It is ended when nobody waits any longer."""
    left, right, wish = comparison.left, comparison.right, comparison.wish
    under_way = UnderWay(left.provider, right.provider)

    def work() -> Found:
        table = begin()
        for page in walking.compare(left, right, wish, on_progress=report, cancelled=cancelled):
            table.extend(page)
        settled, remarks = judging.settle(table)
        return (PairTable(settled) if remarks else table), tuple(remarks)

    try:
        return await screen.services.sign_in.call(lambda: under_way.run(work))
    finally:
        under_way.stop()


async def _show_signs(screen: MainScreen, comparison: Comparison) -> None:
    """Have the panes say what was found, where they still show those folders."""
    found = await in_thread(lambda: signs(comparison.table))
    for pane, side, mine in zip(
        screen.panes, (comparison.left, comparison.right), found, strict=True
    ):
        if pane.place == side.place:
            pane.list.signs = mine
    if any(found):
        keys = screen.services.key_map
        again, mark = keys.named("compare"), keys.named("mark_differing")
        screen.say(f"{mark} marks what is new or changed here. {again} compares again.")


# What was ticked --------------------------------------------------------------------------------


async def _run(screen: MainScreen, comparison: Comparison) -> bool:
    """Queue what is ticked; whether anything was. Raises ProviderError."""
    try:
        plan = await with_progress(screen, "Planning", partial(_plan, comparison))
    except ScanCancelled:
        return False
    if (never := guard.never(plan)) is not None:
        await show(screen.app, MessageScreen("Nothing was done", never))
        return False
    if (doubt := guard.refusal(plan)) is not None and not await _confirmed(screen, doubt):
        return False
    work = await in_thread(lambda: jobs(plan))
    new = await hand_over(screen, work, plan.left.endpoint, plan.right.endpoint)
    await bring_in_sight(screen, len(new))
    screen.say(_queued(plan, len(new)))
    return True


def _plan(
    comparison: Comparison, report: Callable[[int], None], cancelled: Callable[[], bool]
) -> MirrorPlan:
    """Blocking: files that were moved are looked for by their digests."""
    plan = mirroring.make_plan(comparison, time.time())
    sides = comparison.left, comparison.right
    return moved.find(plan, *sides, on_progress=report, cancelled=cancelled)


async def _confirmed(screen: MainScreen, doubt: str) -> bool:
    lines = [doubt, "Nothing else was done yet."]
    dialog = ConfirmScreen("Delete that many?", lines, "Delete them", dangerous=True)
    return await show(screen.app, dialog) is True


def _queued(plan: MirrorPlan, count: int) -> str:
    noun = "job" if count == 1 else "jobs"
    return f"Mirror: {count:,} {noun} queued, to {printable(location.show(plan.right))}"


# All about one pair -----------------------------------------------------------------------------


async def _look_into(screen: MainScreen, comparison: Comparison, pair: Pair) -> None:
    """Show both sides of `pair` in full."""
    left, right, contents = pair.left, pair.right, None
    if left is not None and right is not None and left.kind is right.kind is Kind.FILE:
        providers = comparison.left.provider, comparison.right.provider
        contents = partial(compared, lambda: providers, Conflict(left, right))
    views = [
        _view(screen, comparison.left, pair.left_path) if left else None,
        _view(screen, comparison.right, pair.right_path) if right else None,
    ]
    await show(screen.app, ComparePairScreen(pair, _facts(comparison, pair), contents, *views))


def _view(screen: MainScreen, side: Side, path: str) -> View:
    async def view() -> None:
        place = Place(side.place.endpoint, path)
        await show(screen.app, ViewerScreen(Source(screen.services.sign_in, side.provider, place)))

    return view


def _facts(comparison: Comparison, pair: Pair) -> list[Property]:
    """Those of the left, then those of the right."""
    found = []
    for name, side, entry in (
        ("Left", comparison.left, pair.left),
        ("Right", comparison.right, pair.right),
    ):
        if entry is None:
            found.append(Property(name, "nothing there"))
            continue
        address = location.show(Place(side.place.endpoint, entry.path))
        known = [fact for fact in facts(entry, address) if fact.name not in ("Name", "Path")]
        found += [Property(f"{name}: {fact.name.lower()}", fact.value) for fact in known]
    return found
