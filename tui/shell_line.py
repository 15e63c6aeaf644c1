"""The command line that does what a plan shows. Pure."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Sequence

from providers import location
from providers.base import Place
from providers.errors import ProviderError
from providers.sites import Sites
from providers.text import to_bytes
from transfers.model import Carry, Links, Policy, Verify
from transfers.plan import Meets
from tui.planning import Choices, Plan

_LONGEST = 100_000  # characters: shells and terminals take no longer ones in one piece


def shell_line(
    plan: Plan,
    choices: Choices,
    verify: Verify,
    sites: Sites | None,
    *,
    links: Links = Links.LINK,
    carry: Carry = Carry.ALL,
) -> str:
    """`wharfie copy …` for a shell, of printable text only. Raises ValueError with a sentence
    where no command does the same."""
    if choices.edits:
        raise ValueError("Files that were decided one by one have no command line.")
    if not plan.typed:
        raise ValueError("No command line names just this.")
    if Meets.CLASH in plan.tallies and choices.policy is not Policy.ASK:
        raise ValueError("Names that clash are asked about here; no command line does that.")
    words = ["wharfie", "copy"]
    words += ["--move"] if choices.move else []
    words += [] if choices.policy is Policy.ASK else ["--on-conflict", str(choices.policy)]
    words += [] if verify is Verify.AUTO else ["--verify", str(verify)]
    words += [] if links is Links.LINK else ["--links", str(links)]
    words += [] if carry is Carry.ALL else ["--keep", str(carry)]
    words += [_address(place, sites) for place in plan.sources]
    line = quoted([*words, _folder(_address(plan.target, sites))])
    if len(line) > _LONGEST:
        raise ValueError("So many names do not fit into a command line.")
    return line


def _address(place: Place, sites: Sites | None) -> str:
    """What a person types for just this place. Raises ValueError."""
    text = location.show(place)
    try:
        same = location.parse(text, sites) == place
    except ProviderError:
        same = False
    if not same or text.endswith("/") != place.path.endswith("/"):
        raise ValueError("An address here cannot be typed: a part of it is a secret.")
    return text


def _folder(address: str) -> str:
    return address if address.endswith("/") else f"{address}/"


def quoted(words: Sequence[str], *, windows: bool = os.name == "nt") -> str:
    """`words` for a shell. What could steer a terminal is written out (bash, zsh: $'…').

    Raises ValueError where the shell has no way to write a word.
    """
    if not windows:
        return " ".join(map(_quoted, words))
    if not all(word.isprintable() for word in words):
        raise ValueError("A name here has characters that cannot be typed.")
    return subprocess.list2cmdline(words)


def _quoted(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    body = re.sub(r"[\\']", r"\\\g<0>", word)
    return "$'" + "".join(c if c.isprintable() else _bytes(c) for c in body) + "'"


def _bytes(char: str) -> str:
    """In octal, three digits each: what follows is never taken for a part of it."""
    return "".join(f"\\{byte:03o}" for byte in to_bytes(char))
