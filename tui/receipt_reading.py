"""A receipt read back: which file, where, is said to have which digest. Pure.

Understood are what Wharfie writes (`tui.receipt`, `tui.mirror_receipt`) and what sha256sum writes.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from providers.base import Place
from providers.errors import InvalidName
from providers.location import LOCAL, parse
from providers.records import dataclass
from providers.registry import schemes
from providers.sites import Sites
from providers.text import from_bytes
from transfers.model import ProofWord

_SUM = re.compile(r"(\\?)([0-9a-fA-F]{64}) [ *](.+)", re.DOTALL)
_AT = re.compile(r"# at (\S+)")
_NO_SUM = re.compile(r"# (?:server digest|size only|nothing proven|changed by server|not copied).*")
_HEX = re.compile(r"[0-9a-f]{64}")
_ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}


class BadReceipt(InvalidName):
    """The file is no receipt; `path` is its name."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a receipt says of one file. `size` in bytes.

    `sha256`: "" where it knows none; `why_not`: why the file cannot be held against anything.
    """

    place: Place
    sha256: str = ""
    size: int | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Claims:
    """`top`: the tree that a mirror's receipt is of: none of its files is outside. `without`: how
    many files it only mentions, without a digest."""

    files: tuple[Claim, ...]
    top: Place | None = None
    without: int = 0


def read_receipt(content: bytes, name: str, folder: str, sites: Sites | None) -> Claims:
    """What the receipt says. `folder`: where it lies, for names that are relative.

    Raises BadReceipt, and InvalidName for an address that is none.
    """
    text = from_bytes(content)
    lines = text.split("\n")
    if lines and not lines[-1]:
        del lines[-1]
    if text.lstrip().startswith("{"):
        return _from_json(lines, name, sites)
    return _from_sums(lines, name, folder)


# JSON lines ----------------------------------------------------------------------------------


def _from_json(lines: Sequence[str], name: str, sites: Sites | None) -> Claims:
    files: list[Claim] = []
    top: Place | None = None
    ended = False
    for number, record in _records(lines, name):
        if "receipt" in record:
            top = _place(record, name, number, sites)
        elif record.get("summary"):
            ended = record.get("files") == len(files)
        else:
            files.append(_claim(record, _place(record, name, number, sites)))
    if not ended:
        what = "this receipt has no end: it was cut, or more was added"
        raise BadReceipt(name, what, advice="Have it written anew.")
    return Claims(tuple(files), top)


def _records(lines: Sequence[str], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except ValueError:
            raise _not_one(name, number) from None
        if not isinstance(record, dict):
            raise _not_one(name, number)
        yield number, record


def _place(record: dict[str, Any], name: str, number: int, sites: Sites | None) -> Place:
    target = record.get("target")
    if not isinstance(target, str) or not target:
        raise _not_one(name, number)
    return parse(target, sites)


def _claim(record: dict[str, Any], place: Place) -> Claim:
    size = record.get("size")
    size = size if isinstance(size, int) and not isinstance(size, bool) else None
    digest = str(record.get("sha256") or "").lower()
    if record.get("proof") == ProofWord.CHANGED_BY_SERVER:
        return Claim(place, why_not="its server changed it as it stored it")
    if place.path.endswith("?…"):
        return Claim(place, why_not="its address holds a secret, which is not in the receipt")
    return Claim(place, digest if _HEX.fullmatch(digest) else "", size)


# SHA256SUMS ----------------------------------------------------------------------------------


def _from_sums(lines: Sequence[str], name: str, folder: str) -> Claims:
    files: list[Claim] = []
    endpoint, without = LOCAL, 0
    for number, line in enumerate(lines, 1):
        at = _AT.fullmatch(line)
        if at is not None and at[1].partition(":")[0] in schemes():
            endpoint = at[1]
        elif line.startswith("#") or not line.strip():
            without += _NO_SUM.fullmatch(line) is not None
        else:
            files.append(_summed(line, endpoint, folder, name, number))
    return Claims(tuple(files), without=without)


def _summed(line: str, endpoint: str, folder: str, name: str, number: int) -> Claim:
    match = _SUM.fullmatch(line.removesuffix("\r"))
    if match is None:
        raise _not_one(name, number)
    escaped, digest, path = match.groups()
    if escaped:
        path = re.sub(r"\\[\\nr]", lambda found: _ESCAPES[found[0]], path)
    if endpoint == LOCAL and not os.path.isabs(path):
        path = _below(folder, path, name)
    return Claim(Place(endpoint, path), digest.lower())


def _below(folder: str, path: str, name: str) -> str:
    """A relative name, in the folder of its receipt: it leads nowhere else."""
    whole = os.path.normpath(os.path.join(folder, path))
    if os.path.commonpath([folder, whole]) != folder:
        raise BadReceipt(
            name, "a name in it leads out of its folder", advice="Have it written anew."
        )
    return whole


def _not_one(name: str, number: int) -> BadReceipt:
    return BadReceipt(
        name,
        f"line {number} is not that of a receipt",
        advice="Receipts are JSON lines, or SHA256SUMS as sha256sum writes it.",
    )
