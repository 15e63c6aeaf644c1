"""The command line: what was asked for, and who does it."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from providers.access import Access
from providers.environment import access_from, add_password, default_endpoint, read_settings
from providers.errors import Denied, InvalidName, ProviderError
from providers.location import parse
from transfers.journal import JournalError
from transfers.lock import QueueInUse
from transfers.model import Policy, Verify
from tui.settings import Home, find_home, make_private

EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
_COMMANDS = ("demo", "ls", "copy")
_RATE_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `wharfie` and return its exit status (see `--help`)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser(words).parse_args(words)
    _quiet_streams()
    try:
        return _run(options)
    except InvalidName as error:
        print(f"wharfie: {error}", file=sys.stderr)
        return EXIT_USAGE
    except (ProviderError, QueueInUse, JournalError) as error:
        print(f"wharfie: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("wharfie: interrupted; the queue is kept", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output left (`| head`): nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED


def _run(options: argparse.Namespace) -> int:
    if options.command == "demo":
        from tui.headless.demo import run_demo

        return run_demo(check=options.check or not sys.stdout.isatty())
    home = find_home(os.environ)
    _prepare(home)
    settings = read_settings(
        os.environ, options.env_file or home.env_file, required=options.env_file is not None
    )
    access = access_from(settings, home.known_hosts, accept_new=options.accept_new)
    if options.command == "ls":
        from tui.headless.ls import run_ls

        place = parse(options.location)
        add_password(settings, access, place.endpoint)
        return run_ls(place, access, as_json=options.json)
    if options.command == "copy":
        return _copy(options, home, settings, access)
    return _panes(options, home, settings, access)


def _copy(options: argparse.Namespace, home: Home, settings: dict[str, str], access: Access) -> int:
    from tui.headless.copy import CopyOrder, run_copy

    order = CopyOrder(
        sources=tuple(options.sources),
        target=options.target,
        move=options.move,
        policy=Policy(options.on_conflict),
        verify=Verify(options.verify),
        workers=options.jobs,
        rate=options.limit,
        as_json=options.json,
    )
    for text in (*order.sources, order.target):
        add_password(settings, access, parse(text).endpoint)
    return run_copy(order, home, access)


def _panes(
    options: argparse.Namespace, home: Home, settings: dict[str, str], access: Access
) -> int:
    from tui.headless.screen import run_screen

    right = options.right or default_endpoint(settings) or "."
    places = [parse(text) for text in (options.left or ".", right)]
    for place in places:
        add_password(settings, access, place.endpoint)
    return run_screen(home, access, places[0], places[1])


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Two shapes share one name: `wharfie COMMAND …` and `wharfie [LEFT] [RIGHT]`."""
    parser = argparse.ArgumentParser(
        prog="wharfie",
        description="A two-pane terminal file manager for local and remote trees, with a queue "
        "that proves each copy.",
        epilog="LOCATION is a path or an address such as sftp://user@host:port/path; "
        "sftp://host starts in the home directory there. Exit status: 0 all done, 1 some job "
        "failed or waits for a person, 2 wrong use, 130 interrupted (the queue is kept).",
    )
    parser.add_argument("--version", action="version", version=f"wharfie {version('wharfie')}")
    first = next((word for word in words if not word.startswith("-")), None)
    if first in _COMMANDS or {"-h", "--help"} & set(words):
        commands = parser.add_subparsers(dest="command", metavar="COMMAND")
        parser.set_defaults(env_file=None, accept_new=False, left=None, right=None)
        parser.usage = "wharfie [LEFT] [RIGHT] | wharfie COMMAND …"
        _add_demo(commands)
        _add_ls(commands)
        _add_copy(commands)
    else:
        parser.set_defaults(command=None)
        parser.add_argument("left", nargs="?", metavar="LEFT", help="what the left pane shows")
        parser.add_argument("right", nargs="?", metavar="RIGHT", help="what the right pane shows")
        _add_access(parser)
    return parser


def _add_demo(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    demo = commands.add_parser(
        "demo", help="open the panes on loopback servers with sample data; nothing else needed"
    )
    demo.add_argument(
        "--check",
        action="store_true",
        help="no screen: copy through every provider and print what was proven",
    )


def _add_ls(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    ls = commands.add_parser("ls", help="list a location")
    ls.add_argument("location", metavar="LOCATION")
    ls.add_argument("--json", action="store_true", help="one object a line, a summary last")
    _add_access(ls)


def _add_copy(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    copy = commands.add_parser(
        "copy",
        help="copy or move files and folders, and say what was proven about each",
        description="A SOURCE that ends in / means its contents. A TARGET that is a directory, "
        "or ends in /, receives the names.",
    )
    copy.add_argument("sources", nargs="+", metavar="SOURCE")
    copy.add_argument("target", metavar="TARGET")
    copy.add_argument("--move", action="store_true", help="delete each source once proven")
    copy.add_argument(
        "--on-conflict",
        choices=[policy.value for policy in Policy],
        default=Policy.ASK.value,
        help="when the destination exists; ask (the default) leaves the job parked",
    )
    copy.add_argument(
        "--verify",
        choices=[level.value for level in Verify],
        default=Verify.AUTO.value,
        help="auto: digests where they cost no second transfer; strong: read back otherwise",
    )
    copy.add_argument("--jobs", type=_count, default=4, metavar="N", help="files at once (4)")
    copy.add_argument(
        "--limit", type=_rate, default=0, metavar="RATE", help="bytes a second: 500K, 10M"
    )
    copy.add_argument("--json", action="store_true", help="one object a line, a summary last")
    _add_access(copy)


def _add_access(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--accept-new",
        action="store_true",
        help="accept and remember unknown host keys (a changed one is always refused)",
    )
    parser.add_argument(
        "--env-file", type=Path, metavar="F", help="read settings such as SFTP_KEY from here"
    )


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 64:
        raise argparse.ArgumentTypeError("between 1 and 64")
    return number


def _rate(text: str) -> int:
    """ "10M" → bytes a second."""
    unit = text[-1:].upper()
    number = text[:-1] if unit in "KMG" and unit else text
    try:
        rate = int(float(number) * _RATE_UNITS[unit if unit in "KMG" else ""])
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a rate such as 500K or 10M") from None
    if rate < 1024:
        raise argparse.ArgumentTypeError("at least 1K")
    return rate


def _prepare(home: Home) -> None:
    """Make the private directories and send our log there, never to the terminal."""
    try:
        for directory in (home.config, home.queue, home.logs):
            make_private(directory)
    except OSError as error:
        raise Denied(
            str(error.filename),
            f"Wharfie cannot keep its files there ({error.strerror})",
            advice="Set WHARFIE_HOME to a directory that can be written.",
        ) from error
    os.close(os.open(home.log_file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    handler = logging.FileHandler(home.log_file, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log = logging.getLogger("wharfie")
    log.handlers[:] = [handler]
    log.propagate = False
    logging.raiseExceptions = False  # a log that is full must not print over the screen


def _quiet_streams() -> None:
    """Names may hold what the terminal's encoding cannot: written as escapes, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
