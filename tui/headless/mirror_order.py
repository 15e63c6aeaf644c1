"""What `wharfie mirror` was asked for, and what of it does not go together."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from providers.errors import InvalidName
from providers.records import dataclass, field
from providers.sites import Sites
from transfers.mirror.model import Criteria, Keep, MirrorPlan, Wish
from transfers.model import Verify
from tui.headless import mirror_plans
from tui.headless.typed import typed

_OF_A_PLAN = "the plan says it already"


@dataclass(frozen=True, slots=True)
class MirrorOrder:
    """What the command line asked for. `backup`: an address, as typed. `rate` in bytes a second.

    `agreed`: deletions are carried out however many they are. `saved`: a plan that is to run, in
    place of `source` and `target`; `save_plan`: where this one is kept, and nothing done.
    """

    source: str = ""
    target: str = ""
    wish: Wish = field(default_factory=Wish)
    backup: str = ""
    agreed: bool = False
    dry_run: bool = False
    save_plan: Path | None = None
    saved: MirrorPlan | None = None
    receipts: tuple[Path, ...] = ()
    skip_if_running: bool = False
    summary: bool = False
    verify: Verify = Verify.AUTO
    workers: int | None = None
    rate: int | None = None
    as_json: bool = False

    @property
    def looks_only(self) -> bool:
        return self.dry_run or self.save_plan is not None

    def endpoints(self, sites: Sites) -> Sequence[str]:
        """Of all that has to be reached. Raises InvalidName."""
        if self.saved is not None:
            return (self.saved.left.endpoint, self.saved.right.endpoint)
        return tuple(typed(text, sites).endpoint for text in (self.source, self.target))


def order_of(options: argparse.Namespace) -> MirrorOrder:
    """Raises InvalidName for options that do not go together, Denied."""
    _need_sense(options)
    return MirrorOrder(
        source=options.source or "",
        target=options.target or "",
        wish=_wish(options),
        backup=options.backup or "",
        agreed=options.yes,
        dry_run=options.dry_run,
        save_plan=options.save_plan,
        saved=None if options.plan is None else mirror_plans.read(options.plan),
        receipts=tuple(options.receipt),
        skip_if_running=options.skip_if_running,
        summary=options.summary,
        verify=Verify(options.verify),
        workers=options.jobs,
        rate=options.limit,
        as_json=options.json,
    )


def _wish(options: argparse.Namespace) -> Wish:
    most = options.max_delete
    return Wish(
        delete=options.delete,
        keep=Keep.TRASH if options.trash else Keep.NOWHERE,
        most_deleted=Wish().most_deleted if most is None else most,
        moved=not options.no_moved,
        criteria=Criteria(by=options.compare),
        patterns=tuple(options.patterns),
        links=options.links,
    )


def _need_sense(options: argparse.Namespace) -> None:
    if options.plan is not None:
        if options.source or options.patterns or options.delete:
            raise InvalidName("", f"--plan takes no SOURCE, and nothing to choose: {_OF_A_PLAN}")
    elif not (options.source and options.target):
        raise InvalidName("", "a mirror needs a SOURCE and a TARGET, or a --plan")
    deleting = options.trash or options.backup or options.max_delete is not None
    if deleting and not options.delete:
        raise InvalidName("", "--trash, --backup and --max-delete belong to --delete")
