"""What can be typed after `wharfie sites` and `wharfie login`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

from providers.registry import kinds

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
SECRETS = ("password", "token", "passphrase", "encryption")


def add_sites(commands: _Commands) -> None:
    """`wharfie sites [list|add|edit|remove|test|import-ssh]`."""
    sites = commands.add_parser(
        "sites",
        help="saved places: list, add, edit, remove and test them",
        description="A saved site is written NAME:PATH wherever a LOCATION is. Secrets are not "
        "part of it: wharfie login NAME keeps one.",
    )
    sites.set_defaults(action="list")
    _add_common(sites)
    actions = sites.add_subparsers(dest="action", metavar="ACTION")
    _add_common(actions.add_parser("list", help="every site (the default)"))
    add = actions.add_parser("add", help="save a place under a name", epilog=_fields())
    add.add_argument("names", nargs=1, metavar="NAME")
    _add_values(add, required=True)
    edit = actions.add_parser("edit", help="change what a site says", epilog=_fields())
    edit.add_argument("names", nargs=1, metavar="NAME")
    _add_values(edit, required=False)
    remove = actions.add_parser("remove", help="forget sites and their secrets")
    remove.add_argument("names", nargs="+", metavar="NAME")
    _add_common(remove)
    test = actions.add_parser("test", help="connect, and list where they start (all)")
    test.add_argument("names", nargs="*", metavar="NAME")
    _add_common(test)
    _add_import(actions)


def _add_import(actions: _Commands) -> None:
    ssh = actions.add_parser("import-ssh", help="save the hosts of ~/.ssh/config as sites")
    ssh.add_argument("names", nargs="*", metavar="HOST", help="only these")
    ssh.add_argument("--file", type=Path, metavar="F", help="instead of ~/.ssh/config")
    ssh.add_argument("--yes", action="store_true", help="add what is shown without asking")
    _add_common(ssh)


def add_login(commands: _Commands) -> None:
    """`wharfie login SITE`."""
    login = commands.add_parser(
        "login",
        help="keep a secret of a site in the keyring, or sign in there",
        description="Asks for it; without a terminal it is read from the standard input. Where a "
        "person signs in on a page of the service, its address and a code for it are shown.",
    )
    login.add_argument("site", metavar="SITE", help="its name, or a LOCATION")
    login.add_argument("--secret", choices=SECRETS, help="which one (the site's usual one)")
    login.add_argument(
        "--browser", action="store_true", help="sign in in a browser here, where a page does that"
    )
    _add_common(login)


def _add_values(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--kind", choices=tuple(kinds()), required=required, help="how it is spoken to"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        type=_pair,
        dest="values",
        metavar="FIELD=VALUE",
        help="nothing behind = takes it away",
    )
    _add_common(parser)


def _add_common(parser: argparse.ArgumentParser) -> None:
    suppress = argparse.SUPPRESS
    parser.add_argument("--json", action="store_true", default=suppress, help="one object a line")
    parser.add_argument("--accept-new", action="store_true", default=suppress, help=suppress)
    parser.add_argument("--env-file", type=Path, default=suppress, metavar="F", help=suppress)


def _fields() -> str:
    """Every field of every kind, but for secrets."""
    told = []
    for kind in kinds().values():
        names = [each.name for each in kind.fields if each.secret is None]
        told.append(f"{kind.kind}: {', '.join(names)}.")
    return " ".join(told).replace("%", "%%")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError("it must be FIELD=VALUE")
    return name.strip(), value.strip()
