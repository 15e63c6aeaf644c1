"""The command line: what was asked for, and who does it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from providers.access import Access
from providers.environment import add_password, default_endpoint, read_settings
from providers.errors import InvalidName, ProviderError
from providers.location import parse
from providers.sites import Sites
from transfers.journal_error import JournalError
from transfers.lock import QueueInUse
from transfers.model import Carry, Links, Policy, SetLimits, Verify
from transfers.reaching import Intruder
from tui.arguments import parse_words
from tui.headless.typed import typed
from tui.prepare import open_access, prepare_home
from tui.settings import Home, find_home

EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `wharfie` and return its exit status (see `--help`)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = parse_words(words)
    _quiet_streams()
    try:
        return _run(options)
    except InvalidName as error:
        print(f"wharfie: {error}", file=sys.stderr)
        return EXIT_USAGE
    except (ProviderError, QueueInUse, JournalError, Intruder) as error:
        print(f"wharfie: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        with suppress(OSError):  # the terminal may be what ended it
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
    if options.command == "doctor" and options.location is None:
        from tui.headless.doctor import check_home  # before anything that it looks at is needed

        return check_home(home, env_file=options.env_file, as_json=options.json)
    prepare_home(home)
    settings = read_settings(
        os.environ, options.env_file or home.env_file, required=options.env_file is not None
    )
    access = open_access(home, settings, accept_new=options.accept_new)
    if options.command == "ls":
        from tui.headless.ls import run_ls

        place = typed(options.location, access.sites)
        add_password(settings, access, place.endpoint)
        return run_ls(place, access, as_json=options.json)
    if options.command == "doctor":
        from tui.headless.doctor import check_place

        place = typed(options.location, access.sites)
        add_password(settings, access, place.endpoint)
        return check_place(place, access, as_json=options.json)
    if options.command in ("sites", "login"):
        return _sites(options, settings, access)
    if options.command == "copy":
        return _copy(options, home, settings, access)
    if options.command == "mirror":
        return _mirror(options, home, settings, access)
    if options.command == "verify":
        from tui.headless.verify import run_verify

        return run_verify(options.receipt, settings, access, as_json=options.json)
    if options.command == "queue":
        return _queue(options, home, settings, access)
    return _panes(options, home, settings, access)


def _sites(options: argparse.Namespace, settings: Mapping[str, str], access: Access) -> int:
    from tui.headless.sites import SitesOrder, login, run_sites

    if options.command == "login":
        return login(options.site, access, needs=options.secret, browser=options.browser)
    order = SitesOrder(
        action=options.action or "list",
        names=tuple(getattr(options, "names", ())),
        kind=getattr(options, "kind", None) or "",
        values=dict(getattr(options, "values", ())),
        file=getattr(options, "file", None),
        agreed=getattr(options, "yes", False),
        as_json=options.json,
    )
    for site in access.sites.all() if order.action == "test" else ():
        with suppress(InvalidName):  # it says so when it is tried
            add_password(settings, access, access.sites.place(site).endpoint)
    return run_sites(order, access)


def _copy(options: argparse.Namespace, home: Home, settings: dict[str, str], access: Access) -> int:
    from tui.headless.copy import CopyOrder, run_copy

    order = CopyOrder(
        sources=tuple(options.sources),
        target=options.target,
        move=options.move,
        policy=Policy(options.on_conflict),
        verify=Verify(options.verify),
        links=Links(options.links),
        carry=Carry(options.keep),
        expected=options.expect or "",
        workers=options.jobs,
        rate=options.limit,
        as_json=options.json,
    )
    for text in (*order.sources, order.target):
        add_password(settings, access, typed(text, access.sites).endpoint)
    return run_copy(order, home, access)


def _mirror(
    options: argparse.Namespace, home: Home, settings: Mapping[str, str], access: Access
) -> int:
    from tui.headless.mirror import run_mirror
    from tui.headless.mirror_order import order_of

    order = order_of(options)
    for endpoint in order.endpoints(access.sites):
        add_password(settings, access, endpoint)
    return run_mirror(order, home, access)


def _queue(
    options: argparse.Namespace, home: Home, settings: Mapping[str, str], access: Access
) -> int:
    from tui.headless.queue import QueueOrder, run_queue

    action, given = options.action or "list", options.jobs or []
    if action == "cancel" and not (given or options.all):
        raise InvalidName(
            "",
            "say which transfers to cancel",
            advice="Name their numbers, or all of them with --all.",
        )
    limits = None
    if action == "limit":
        limits = _limits(options, access.sites)
    order = QueueOrder(
        action=action,
        jobs=None if not given or None in given else tuple(given),
        to=getattr(options, "to", None) or "",
        by=getattr(options, "by", None) or 0,
        priority=getattr(options, "priority", 0),
        limits=limits,
        as_json=options.json,
    )
    return run_queue(order, home, access, settings)


def _limits(options: argparse.Namespace, sites: Sites) -> SetLimits | None:
    """What is to change; None: nothing, they are only to be shown."""
    if (options.site is None) != (options.connections is None):
        raise InvalidName("", "--site and --connections belong together")
    site = "" if options.site is None else parse(options.site, sites).endpoint
    limits = SetLimits(options.rate, options.workers, site, options.connections)
    return None if limits == SetLimits() else limits


def _panes(
    options: argparse.Namespace, home: Home, settings: dict[str, str], access: Access
) -> int:
    from tui.headless.screen import run_screen

    right = options.right or default_endpoint(settings) or "."
    places = [parse(text, access.sites) for text in (options.left or ".", right)]
    for place in places:
        add_password(settings, access, place.endpoint)
    return run_screen(home, access, places[0], places[1], env_file=options.env_file)


def _quiet_streams() -> None:
    """Names may hold what the terminal's encoding cannot: written as escapes, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
