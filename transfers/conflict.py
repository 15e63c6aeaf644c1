"""What a policy means when the destination exists. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from providers.base import ANY_VERSION, Entry, Kind
from providers.records import dataclass
from transfers.model import SAME, Policy

TIME_TOLERANCE = 2.0  # seconds: SFTP keeps whole ones, FAT every second one


class Act(Enum):
    WRITE = "write"
    RENAME = "rename"
    SKIP = "skip"
    ASK = "ask"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Decision:
    """`replacing` is for Writer.finish; `reason` a sentence for a skip or a refusal."""

    act: Act
    replacing: str | None = None
    reason: str = ""


def decide(policy: Policy, source: Entry, target: Entry | None) -> Decision:
    """What to do with `target`, which stands where `source` is to go (None: nothing does)."""
    if target is None:
        return Decision(Act.WRITE)
    if target.kind is Kind.DIR:
        return Decision(Act.REFUSE, reason="a directory of that name is in the way")
    if target.kind is Kind.OTHER:
        reason = "a device, a pipe or a socket of that name is in the way"
        return Decision(Act.REFUSE, reason=reason)
    overwrite = Decision(Act.WRITE, replacing=target.version or ANY_VERSION)
    if policy is Policy.OVERWRITE:
        return overwrite
    if policy is Policy.RENAME:
        return Decision(Act.RENAME)
    if policy is Policy.ASK:
        return Decision(Act.ASK)
    if policy is Policy.NEWER:
        return overwrite if is_newer(source, target) else _skip("the destination is not older")
    if policy is Policy.DIFFERENT:
        return overwrite if is_different(source, target) else _skip(SAME)
    return _skip("the destination exists")


def is_newer(source: Entry, target: Entry) -> bool:
    """Whether `source` was modified after `target`; an unknown time is never newer."""
    if source.modified is None or target.modified is None:
        return False
    return source.modified > target.modified + TIME_TOLERANCE


def is_different(source: Entry, target: Entry) -> bool:
    """Whether size or time differ; what is unknown counts as different."""
    if source.size is None or source.size != target.size:
        return True
    if source.modified is None or target.modified is None:
        return True
    return abs(source.modified - target.modified) > TIME_TOLERANCE


def other_names(name: str) -> Iterator[str]:
    """ "name (2).ext", "name (3).ext", … for keeping both."""
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    for number in range(2, 10_000):
        yield f"{stem} ({number}){dot}{extension}"


def _skip(reason: str) -> Decision:
    return Decision(Act.SKIP, reason=reason)
