"""What can be typed after `wharfie`: every command, its words and its options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from transfers.model import Carry, Links, Policy
from tui import format as fmt
from tui.arguments_mirror import add_mirror, add_verify, add_verify_level
from tui.arguments_sites import add_login, add_sites

MOST_AT_ONCE = 64

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
_EPILOG = (
    "LOCATION is a path, an address such as sftp://user@host:port/path (sftp://host starts in "
    "the home directory there), or site:path. Exit status: 0 all done, 1 some job failed or waits "
    "for a person, 2 wrong use, 130 interrupted (the queue is kept)."
)


def parse_words(words: Sequence[str]) -> argparse.Namespace:
    """The options that `words` mean. Raises SystemExit with status 2 for wrong use.

    Two shapes share one name: `wharfie COMMAND …` and `wharfie [LEFT] [RIGHT]`.
    """
    parser = argparse.ArgumentParser(
        prog="wharfie",
        description="A two-pane terminal file manager for local and remote trees, with a queue "
        "that proves each copy.",
        epilog=_EPILOG,
    )
    version = _version() if "--version" in words else ""
    parser.add_argument("--version", action="version", version=version)
    first = next((word for word in words if not word.startswith("-")), None)
    if first in _COMMANDS or {"-h", "--help"} & set(words):
        commands = parser.add_subparsers(dest="command", metavar="COMMAND")
        parser.set_defaults(env_file=None, accept_new=False, left=None, right=None, json=False)
        parser.usage = "wharfie [LEFT] [RIGHT] | wharfie COMMAND …"
        for name, add in _COMMANDS.items():
            # The parsers of all of them take longer to make than most commands to carry out.
            if name == words[0] or words[0] not in _COMMANDS:
                add(commands)
    else:
        parser.set_defaults(command=None)
        _add_panes(parser)
    return parser.parse_args(words)


def _version() -> str:
    from importlib.metadata import version  # it reads a file, and imports much

    return f"wharfie {version('wharfie')}"


def _add_panes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("left", nargs="?", metavar="LEFT", help="what the left pane shows")
    parser.add_argument("right", nargs="?", metavar="RIGHT", help="what the right pane shows")
    _add_access(parser)


def _add_attach(commands: _Commands) -> None:
    attach = commands.add_parser(
        "attach",
        help="open the panes on the queue that is already running",
        description="The same as wharfie without a command: the panes, on the one queue there is.",
    )
    _add_panes(attach)


def _add_demo(commands: _Commands) -> None:
    demo = commands.add_parser(
        "demo", help="open the panes on loopback servers with sample data; nothing else needed"
    )
    demo.add_argument(
        "--check",
        action="store_true",
        help="no screen: copy through every provider and print what was proven",
    )


def _add_ls(commands: _Commands) -> None:
    ls = commands.add_parser("ls", help="list a location")
    ls.add_argument("location", metavar="LOCATION")
    _add_json(ls)
    _add_access(ls)


def _add_copy(commands: _Commands) -> None:
    copy = commands.add_parser(
        "copy",
        help="copy or move files and folders, and say what was proven about each",
        description="A SOURCE that ends in / means its contents. A TARGET that is a directory, "
        "or ends in /, receives the names. Where the queue is running already, the copies are "
        "handed to it and followed; --jobs and --limit are its own then (wharfie queue limit).",
    )
    copy.add_argument("sources", nargs="+", metavar="SOURCE")
    copy.add_argument("target", metavar="TARGET")
    copy.add_argument(
        "--move",
        action="store_true",
        help="delete each source once proven; on one disk or server it is given its new name "
        "instead, where that can be done",
    )
    copy.add_argument(
        "--on-conflict",
        choices=[policy.value for policy in Policy],
        default=Policy.ASK.value,
        help="when the destination exists; ask (the default) leaves the job parked",
    )
    copy.add_argument(
        "--links",
        choices=[links.value for links in Links],
        default=Links.LINK.value,
        help="symbolic links: made again with the same text (the default); follow: what they lead "
        "to is copied; skip: left out, and said so",
    )
    copy.add_argument(
        "--keep",
        choices=[carry.value for carry in Carry],
        default=Carry.ALL.value,
        help="what a copy gets of its source's time and permissions (all); a copy without times "
        "is another to --on-conflict different; what --move only renames keeps all",
    )
    copy.add_argument(
        "--expect",
        type=_digest,
        metavar="DIGEST",
        help="of the one file copied: sha256:HEX (or sha512, sha384, sha1, md5); else it fails",
    )
    _add_copying(copy)
    _add_shared(copy)


def _add_mirror(commands: _Commands) -> None:
    add_mirror(commands, copying=_add_copying, shared=_add_shared)


def _add_verify(commands: _Commands) -> None:
    add_verify(commands, shared=_add_shared)


def _add_queue(commands: _Commands) -> None:
    queue = commands.add_parser(
        "queue",
        help="list and steer the transfers of every Wharfie here",
        description="JOB is a number that the list shows, or all.",
    )
    queue.set_defaults(action="list", jobs=None)
    _add_json(queue)
    actions = queue.add_subparsers(dest="action", metavar="ACTION")
    _add_json(actions.add_parser("list", help="every transfer, its state and proof (the default)"))
    run = actions.add_parser("run", help="work what is left until nothing more can be done")
    _add_json(run)
    _add_access(run)
    for name, what in (
        ("pause", "pause transfers (all)"),
        ("resume", "go on with paused ones (all)"),
        ("retry", "try again from the first attempt (all failed)"),
        ("clear", "take finished ones off the list (all)"),
    ):
        _add_jobs(actions.add_parser(name, help=what), "*")
    cancel = actions.add_parser("cancel", help="cancel transfers; what is across already stays")
    _add_jobs(cancel, "*")
    cancel.add_argument("--all", action="store_true", help="every unfinished transfer")
    _add_ordering(actions)
    _add_limits(actions)
    receipt = actions.add_parser("receipt", help="the SHA256SUMS of what was copied and proven")
    _add_jobs(receipt, "*")


def _add_ordering(actions: _Commands) -> None:
    move = actions.add_parser("move", help="move transfers within the queue")
    _add_jobs(move, "+")
    how = move.add_mutually_exclusive_group(required=True)
    how.add_argument("--to", choices=("top", "bottom"))
    how.add_argument("--by", type=int, metavar="N", help="places; up when negative")
    priority = actions.add_parser("priority", help="have transfers run before or after the others")
    _add_jobs(priority, "+")
    priority.add_argument("priority", type=int, metavar="N", help="higher runs first; 0 is usual")


def _add_limits(actions: _Commands) -> None:
    limit = actions.add_parser("limit", help="show or change how fast, and how many at once")
    limit.add_argument("--rate", type=_rate_or_none, metavar="RATE", help="10M; 0: no limit")
    limit.add_argument("--workers", type=_count, metavar="N", help="files at once")
    limit.add_argument("--site", metavar="LOCATION", help="of one server only:")
    limit.add_argument(
        "--connections", type=_connections, metavar="N", help="its files at once; 0: as it likes"
    )
    _add_json(limit)
    _add_json(actions.add_parser("hold", help="finish the current files, start nothing more"))
    _add_json(actions.add_parser("go", help="go on after hold"))


def _add_doctor(commands: _Commands) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="what is wrong, and what to do about it",
        description="Without LOCATION: this computer, and Wharfie's own files. With one: the way "
        "there step by step, up to the first that fails. Nothing is written there. Exit status 0 "
        "when nothing is wrong, else 1.",
    )
    doctor.add_argument("location", metavar="LOCATION", nargs="?")
    _add_json(doctor)
    _add_access(doctor)


def _add_jobs(parser: argparse.ArgumentParser, count: str) -> None:
    parser.add_argument("jobs", nargs=count, type=_job, metavar="JOB")
    _add_json(parser)


def _add_copying(parser: argparse.ArgumentParser) -> None:
    add_verify_level(parser)
    parser.add_argument("--jobs", type=_count, metavar="N", help="files at once (4)")
    parser.add_argument("--limit", type=_rate, metavar="RATE", help="bytes a second: 500K, 10M")


def _add_shared(parser: argparse.ArgumentParser) -> None:
    _add_json(parser)
    _add_access(parser)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="one object a line, a summary last",
    )


def _add_access(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--accept-new",
        action="store_true",
        help="accept and remember unknown host keys (a changed one is always refused)",
    )
    parser.add_argument(
        "--env-file", type=Path, metavar="F", help="read settings such as SFTP_KEY from here"
    )


_COMMANDS: Mapping[str, Callable[[_Commands], None]] = {
    "demo": _add_demo,
    "ls": _add_ls,
    "copy": _add_copy,
    "mirror": _add_mirror,
    "verify": _add_verify,
    "queue": _add_queue,
    "attach": _add_attach,
    "doctor": _add_doctor,
    "sites": add_sites,
    "login": add_login,
}


def _job(text: str) -> int | None:
    """A number of the list; None: all."""
    if text == "all":
        return None
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of `wharfie queue list`")
    return int(text)


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MOST_AT_ONCE:
        raise argparse.ArgumentTypeError(f"between 1 and {MOST_AT_ONCE}")
    return number


def _connections(text: str) -> int:
    return 0 if text == "0" else _count(text)


def _rate_or_none(text: str) -> int:
    try:
        return fmt.read_rate(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _rate(text: str) -> int:
    rate = _rate_or_none(text)
    if not rate:
        raise argparse.ArgumentTypeError("at least 1K")
    return rate


def _digest(text: str) -> str:
    from transfers.typed_digest import parse_digest

    try:
        return ":".join(parse_digest(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
