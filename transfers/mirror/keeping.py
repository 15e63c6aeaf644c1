"""Where a mirror keeps what it deletes: a dated folder, which the mirror itself never touches."""

from __future__ import annotations

from datetime import UTC, datetime

from providers.errors import InvalidName
from providers.records import replace
from transfers.mirror.model import Keep, MirrorPlan, Pair, Side, Wish
from transfers.model import TRASH

_SEPARATORS = "/\\"
_SPECIAL = "\\*?[]!# "  # in gitignore's patterns; a space counts at the end


def keep(plan: MirrorPlan, pair: Pair, *, on_right: bool) -> str:
    """What `NewJob.keep` says of a file that is deleted: "", TRASH, or the address that it gets in
    the backup folder, below the time at which the plan was made (UTC).

    The backup folder is on the right: what is deleted on the left goes to the trash instead.
    """
    if plan.wish.keep is Keep.NOWHERE:
        return ""
    if plan.wish.keep is Keep.TRASH or not on_right:
        return TRASH
    # As its place writes addresses: names may be quoted in them, and backslashes be between them.
    below = pair.right_path.removeprefix(_bare(plan.right.path))
    return f"{_bare(plan.wish.backup)}/{dated(plan.made)}{below}"


def dated(made: float) -> str:
    """A folder's name for that time (Unix seconds), which every place can store."""
    return datetime.fromtimestamp(made, UTC).strftime("%Y-%m-%dT%H-%M-%SZ")


def left_alone(wish: Wish, right: Side) -> Wish:
    """`wish` with the backup folder's address resolved, and left out where it is inside the tree
    that is mirrored: else the next mirror would delete what this one keeps.

    Raises InvalidName where it is no folder of its own, and as `Provider.resolve`.
    """
    if wish.keep is not Keep.BACKUP:
        return wish
    if not wish.backup:
        raise InvalidName("the backup folder", "it has no address", advice="Name a folder.")
    wish = replace(wish, backup=right.provider.resolve(wish.backup))
    if _bare(wish.backup) == _bare(right.place.path):
        raise InvalidName(
            wish.backup,
            "the backup folder is the very folder that is mirrored to",
            advice="Choose one inside it or elsewhere on the same place.",
        )
    names = _names(wish.backup, right)
    if not names:
        return wish
    pattern = f"/{'/'.join(map(_literal, names))}/"
    return replace(wish, patterns=(*wish.patterns, pattern))


def _names(path: str, side: Side) -> list[str]:
    """Those that lead to `path` from the top of the tree; none where it is elsewhere."""
    names: list[str] = []
    while path != side.place.path:
        above = side.provider.parent(path)
        if above == path:
            return []
        names.append(side.provider.name(path))
        path = above
    return names[::-1]


def is_backup(wish: Wish, path: str) -> bool:
    """Whether `path`, on the right, is the backup folder, in it, or a folder that holds it."""
    if wish.keep is not Keep.BACKUP or not wish.backup:
        return False
    same = _bare(path) == _bare(wish.backup)
    return same or is_below(path, wish.backup) or is_below(wish.backup, path)


def is_below(path: str, top: str) -> bool:
    """Whether the address `path` is somewhere below `top`, as far as their letters tell.

    A backslash counts as a separator, as on Windows. Where it is a letter of a name, that holds
    more to be below than is: only what leaves things alone asks this.
    """
    start = _bare(top)
    return len(path) > len(start) + 1 and path.startswith(start) and path[len(start)] in _SEPARATORS


def _bare(path: str) -> str:
    return path.rstrip(_SEPARATORS)


def _literal(name: str) -> str:
    """A gitignore pattern of just this name."""
    return "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in name)
