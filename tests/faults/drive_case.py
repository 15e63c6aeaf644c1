"""Real jobs through the engine, between a folder of this computer and an emulated drive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from providers.base import Body, Parts, Place
from providers.onedrive.fragments import MULTIPLE
from providers.onedrive.provider import CAPS, OneDriveProvider
from providers.sandbox.graph import GraphServer
from providers.sandbox.graph.profiles import ProfileName
from tests.servers.drive_place import ENDPOINT, GivenTokens, open_drive
from tests.transfers.queue_case import LOCAL, QueueCase
from transfers.engine import Engine
from transfers.model import FINISHED, Job, JobState, NewJob, Op, Policy

PROFILES: tuple[ProfileName, ...] = ("personal", "business")
_AT_REST = (*FINISHED, JobState.PARKED)
_SMALL = replace(
    CAPS, parts=Parts("sequential", min_size=MULTIPLE, max_size=MULTIPLE, multiple_of=MULTIPLE)
)


class DriveCase(QueueCase):
    """A queue with `server` at ENDPOINT and the disk at LOCAL; parts are small."""

    def __init__(self, directory: Path, server: GraphServer, tokens: GivenTokens) -> None:
        super().__init__(directory / "queue")
        self.server, self.tokens, self.home = server, tokens, directory
        self.folder = directory / "folder"
        self.folder.mkdir()
        self.begin()

    def begin(self) -> None:
        """As a process that was started anew."""
        self.provider: OneDriveProvider = open_drive(self.server, self.home, tokens=self.tokens)
        self.provider.caps = _SMALL
        self.places[ENDPOINT] = self.provider
        self.engine = Engine(self.directory, self.open, random=lambda: 0.0)
        self.engine.listen(self.watch)

    def close(self) -> None:
        super().close()
        self.provider.close()

    def upload(self, name: str, data: bytes, op: Op = Op.COPY) -> NewJob:
        path = self.folder / name
        path.write_bytes(data)
        return NewJob(op, Place(LOCAL, str(path)), Place(ENDPOINT, f"/{name}"), within="/")

    def download(self, name: str) -> NewJob:
        path = self.folder / name
        return NewJob(
            Op.COPY, Place(ENDPOINT, f"/{name}"), Place(LOCAL, str(path)), within=str(self.folder)
        )

    def ended(self, job: NewJob, policy: Policy = Policy.OVERWRITE) -> Job:
        (number,) = self.send_new(job, policy=policy)
        return self.reach(number, *_AT_REST)

    def before_part(self, number: int, then: Callable[[], None]) -> None:
        """Have something happen before that part is sent for the first time."""
        send, left = self.provider.put_part, [number]

        def put_part(upload: str, index: int, offset: int, body: Body) -> str:
            if index in left:
                left.remove(index)
                then()
            return send(upload, index, offset, body)

        self.provider.put_part = put_part  # type: ignore[method-assign]

    def asked(self, method: str, path: str) -> int:
        """How often, of what has `path` in its address."""
        asked = self.server.world.faults.asked
        return sum(1 for _, how, where in asked if how == method and path in where)


@contextmanager
def drive_case(
    directory: Path, profile: ProfileName, tokens: GivenTokens | None = None
) -> Iterator[DriveCase]:
    with GraphServer(profile) as server:
        case = DriveCase(directory, server, tokens or GivenTokens(server.issue_token()))
        try:
            yield case
        finally:
            case.close()
