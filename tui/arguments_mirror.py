"""The words and options of `wharfie mirror` and `wharfie verify`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from transfers.model import Verify

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
_Shared: TypeAlias = Callable[[argparse.ArgumentParser], None]
_MIRROR = (
    "One way: TARGET becomes like SOURCE; nothing is ever changed at SOURCE. Both are folders, and "
    "what is in them is mirrored. Quiet when all is well; exit status 1 and a line for each "
    "failure else. Deletions come last, and only when every copy is done."
)
_VERIFY = (
    "Each file of a receipt (JSON lines or SHA256SUMS, as wharfie or sha256sum wrote it) is read "
    "again, or digested by its server, where the receipt says it is; names that are relative are "
    "below the folder of RECEIPT. Nothing is written. A line for each file that is missing or "
    "another; exit status 0 when there is none, else 1."
)


def add_mirror(commands: _Commands, *, copying: _Shared, shared: _Shared) -> None:
    """`copying`, `shared`: add the options that copy has, too, and those that every command has."""
    mirror = commands.add_parser(
        "mirror",
        help="make a folder like another one, and say only what went wrong",
        description=_MIRROR,
    )
    mirror.add_argument("source", nargs="?", metavar="SOURCE")
    mirror.add_argument("target", nargs="?", metavar="TARGET")
    mirror.add_argument("--dry-run", action="store_true", help="print what would be done")
    mirror.add_argument(
        "--compare",
        choices=("size-mtime", "digest"),
        default="size-mtime",
        help="what tells two files apart; digest: made where they are, or by reading both",
    )
    _add_deleting(mirror)
    _add_choosing(mirror)
    _add_plans(mirror)
    mirror.add_argument(
        "--receipt",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="write every file with its proof: JSON lines where FILE ends in .json or .jsonl "
        "(proofs of earlier runs are kept in it), else SHA256SUMS; may be given several times",
    )
    mirror.add_argument(
        "--skip-if-running",
        action="store_true",
        help="end quietly, with 0, while another mirror between these two runs",
    )
    mirror.add_argument(
        "--summary", action="store_true", help="say at the end what was done, terminal or not"
    )
    copying(mirror)
    shared(mirror)


def add_verify(commands: _Commands, *, shared: _Shared) -> None:
    verify = commands.add_parser(
        "verify", help="hold a tree against a receipt of it", description=_VERIFY
    )
    verify.add_argument("receipt", type=Path, metavar="RECEIPT")
    shared(verify)


def _add_deleting(mirror: argparse.ArgumentParser) -> None:
    mirror.add_argument("--delete", action="store_true", help="delete at TARGET what SOURCE lacks")
    keep = mirror.add_mutually_exclusive_group()
    keep.add_argument("--trash", action="store_true", help="with --delete: into TARGET's trash")
    keep.add_argument(
        "--backup",
        metavar="FOLDER",
        help="with --delete: into a dated folder in FOLDER, at the same server as TARGET",
    )
    mirror.add_argument(
        "--yes", action="store_true", help="delete, even where --max-delete stops it"
    )
    mirror.add_argument(
        "--max-delete",
        type=_percent,
        metavar="PERCENT",
        default=None,
        help="of TARGET's files that may be deleted (50); of more nothing is done at all",
    )


def _add_choosing(mirror: argparse.ArgumentParser) -> None:
    mirror.add_argument(
        "--exclude",
        action=_Patterns,
        dest="patterns",
        default=(),
        metavar="PATTERN",
        help="leave out on both sides, as .gitignore would; the last pattern that fits counts",
    )
    mirror.add_argument(
        "--include",
        action=_Patterns,
        dest="patterns",
        metavar="PATTERN",
        help="not left out after all: the same as --exclude '!PATTERN'",
    )
    mirror.add_argument(
        "--exclude-from",
        action=_Patterns,
        dest="patterns",
        metavar="FILE",
        help="patterns from a file, in the syntax of .gitignore",
    )
    mirror.add_argument(
        "--links",
        choices=("link", "follow", "skip"),
        default="skip",
        help="symbolic links of SOURCE: made as links of the same text where both places have "
        "links, copied as what they lead to, or left out (the default)",
    )
    mirror.add_argument(
        "--no-moved",
        action="store_true",
        help="copy moved files again, instead of renaming them at TARGET",
    )


def _add_plans(mirror: argparse.ArgumentParser) -> None:
    plans = mirror.add_mutually_exclusive_group()
    plans.add_argument(
        "--save-plan",
        type=Path,
        metavar="FILE",
        help="compare, write the plan into FILE and do nothing",
    )
    plans.add_argument(
        "--plan",
        type=Path,
        metavar="FILE",
        help="carry out the plan in FILE, as far as everything is still as it was (no SOURCE and "
        "TARGET then)",
    )


def add_verify_level(parser: argparse.ArgumentParser) -> None:
    """How much proof is asked for, of every command that copies."""
    parser.add_argument(
        "--verify",
        choices=[level.value for level in Verify],
        default=Verify.AUTO.value,
        help="auto: digests where they cost no second transfer; strong: read back otherwise",
    )


class _Patterns(argparse.Action):
    """Excludes and includes in the order in which they are typed: the last one that fits counts."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        text = str(values)
        if option_string == "--exclude-from":
            more = _lines_of(parser, text)
        else:
            more = (f"!{text}",) if option_string == "--include" else (text,)
        namespace.patterns = (*namespace.patterns, *more)


def _lines_of(parser: argparse.ArgumentParser, name: str) -> tuple[str, ...]:
    try:
        return tuple(Path(name).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        parser.error(f"--exclude-from {name}: {why}")


def _percent(text: str) -> float:
    """The share (0 to 1) of "25" or "25%"."""
    number = float(text.removesuffix("%"))
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError("between 0 and 100")
    return number / 100
