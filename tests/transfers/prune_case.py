"""Two trees in memory whose difference a mirror deletes: what a test of deletions is given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from providers.base import Capabilities, Kind, Place
from providers.errors import Unsupported
from tests.transfers.queue_case import LEFT, RIGHT, Memory, QueueCase
from transfers.model import Job, NewJob, Op

SOURCE, TARGET = "/from", "/to"
VERSION = "of the target"
"""For `pruned`: the version that it has now."""


def prune_new(
    case: QueueCase, path: str, *, agreed: str | None = VERSION, keep: str = ""
) -> NewJob:
    """The deletion of `path` below the target, as a plan would have it now."""
    there = f"{TARGET}/{path}"
    if agreed == VERSION:
        agreed = case.right.stat(there).version
    return NewJob(
        Op.PRUNE,
        Place(LEFT, f"{SOURCE}/{path}"),
        Place(RIGHT, there),
        within=TARGET,
        source_within=SOURCE,
        agreed=agreed,
        keep=keep,
    )


def copy_new(path: str) -> NewJob:
    return NewJob(
        Op.COPY, Place(LEFT, f"{SOURCE}/{path}"), Place(RIGHT, f"{TARGET}/{path}"), within=TARGET
    )


def furnish(case: QueueCase, left: Iterable[str] = ("kept",), right: Iterable[str] = ()) -> None:
    """Files of both trees, each with its own name as its bytes."""
    for names, place, top in ((left, case.left, SOURCE), (right, case.right, TARGET)):
        for name in names:
            place.put(f"{top}/{name}", name.encode())


def pruned(case: QueueCase, *new: NewJob) -> list[Job]:
    """The jobs at their end."""
    return case.finish(*case.send_new(*new))


class Recycling(Memory):
    """What is deleted can be brought back, the place says."""

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, recycles="its bin")


class WithTrash(Memory):
    """A tree with a trash: "/trash"."""

    full = False

    def throw_away(self, path: str) -> str:
        if self.full:
            raise Unsupported(path, "it could not be put into the trash")
        if "/trash" not in self.store.nodes:
            self.store.add("/trash", Kind.DIR)
        thrown = f"/trash/{self.name(path)}"
        self.store.nodes[thrown] = self.store.nodes.pop(path)
        return thrown

    def take_out(self, thrown: str, path: str) -> None:
        self.rename(thrown, path)
