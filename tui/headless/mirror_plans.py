"""The plan of a mirror: made by comparing, or kept in a file and looked at again."""

from __future__ import annotations

from pathlib import Path

from providers.errors import Denied, InvalidName
from providers.location import parse, show
from providers.private_file import write_private
from providers.records import replace
from providers.sites import Sites as SavedSites
from transfers.mirror import judging, keeping, moved, planning, saved, walking
from transfers.mirror.model import Keep, MirrorPlan, Pair, Step, Wish
from transfers.mirror.own_times import OwnTimes
from tui.headless.mirror_sides import Sides
from tui.headless.progress_line import ProgressLine


def wish_for(wish: Wish, backup: str, sides: Sides, sites: SavedSites | None) -> Wish:
    """`wish` with its backup folder, typed as `backup`, found. Raises InvalidName."""
    right = sides.right
    if backup:
        place = parse(backup, sites)
        if place.endpoint != right.place.endpoint:
            raise InvalidName(
                show(place),
                "the backup folder is at another place than the target",
                advice=f"Name one at {right.place.endpoint}.",
            )
        wish = replace(wish, keep=Keep.BACKUP, backup=right.provider.resolve(place.path))
    return keeping.left_alone(wish, right)


def compared(
    sides: Sides, wish: Wish, now: float, times: OwnTimes
) -> tuple[MirrorPlan, list[Pair]]:
    """What is to be done at `now` (Unix seconds), and all that was found. What is learned of the
    left's own times is added to `times`. Raises ProviderError."""
    progress = ProgressLine()
    pages = walking.compare(
        sides.left,
        sides.right,
        wish,
        on_progress=lambda count: progress.show(f"{count:,} compared"),
        cancelled=lambda: False,
        times=times,
    )
    try:
        pairs, remarks = judging.settle(pair for page in pages for pair in page)
        plan = planning.plan(sides.left, sides.right, wish, pairs, now, remarks)
        plan = moved.find(
            plan,
            sides.left,
            sides.right,
            on_progress=lambda count: progress.show(f"{count:,} looked at for moves"),
        )
    except ValueError as error:
        raise InvalidName("", str(error).rstrip("."), advice="Correct the pattern.") from error
    finally:
        progress.clear()
    return plan, pairs


def still(plan: MirrorPlan, sides: Sides) -> tuple[MirrorPlan, tuple[Step, ...]]:
    """What of a saved plan still holds, and what does not. Raises ProviderError."""
    try:
        return saved.recheck(plan, sides.left, sides.right)
    except saved.BadPlan as error:
        raise InvalidName(
            "", str(error).rstrip("."), advice="Compare the two sides anew."
        ) from error


def write(path: Path, plan: MirrorPlan) -> None:
    """Raises Denied."""
    try:
        write_private(path, saved.as_text(plan).encode())
    except OSError as error:
        what = f"the plan cannot be written there ({error.strerror})"
        raise Denied(str(path), what, advice="Choose another file.") from error


def read(path: Path) -> MirrorPlan:
    """Raises Denied, InvalidName for what is no plan."""
    try:
        return saved.from_text(path.read_text(encoding="utf-8"))
    except OSError as error:
        what = f"the plan cannot be read ({error.strerror})"
        raise Denied(str(path), what, advice="Check its name and owner.") from error
    except (UnicodeDecodeError, saved.BadPlan) as error:
        raise InvalidName(str(path), _sentence(error), advice="Save it anew.") from error


def _sentence(error: Exception) -> str:
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error).rstrip(".")
