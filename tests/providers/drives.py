"""What the tests of drives share: an emulated account and a provider that knows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from providers.base import ANY_VERSION, Entry, Provider
from providers.onedrive.provider import OneDriveProvider
from providers.sandbox.graph import GraphServer
from providers.sandbox.graph.profiles import ProfileName
from tests.servers.drive_place import GivenTokens, open_drive

PROFILES: tuple[ProfileName, ...] = ("personal", "business")
KEY = "0badcafe"


@dataclass(frozen=True)
class Drive:
    server: GraphServer
    place: OneDriveProvider
    tokens: GivenTokens
    home: Path

    def names(self, path: str) -> list[str]:
        return sorted(entry.name for page in self.place.list_dir(path) for entry in page)

    def get(self, path: str, **range_: object) -> bytes:
        return got(self.place, path, **range_)

    def put(self, path: str, data: bytes, *, part: int = 1 << 20, **more: float) -> Entry:
        """In one part."""
        upload = self.place.begin(path, len(data), key=KEY, part_size=part, **more)
        receipts = [self.place.put_part(upload, 0, 0, [data])]
        return self.place.finish(upload, receipts, replacing=ANY_VERSION)


def got(place: Provider, path: str, **range_: object) -> bytes:
    with place.read(path, **range_) as reader:  # type: ignore[arg-type]
        return b"".join(bytes(chunk) for chunk in reader.chunks())


@contextmanager
def a_drive(profile: ProfileName, home: Path, **site: str) -> Iterator[Drive]:
    with GraphServer(profile) as server:
        tokens = GivenTokens(server.issue_token())
        with closing(open_drive(server, home, tokens=tokens, **site)) as place:
            yield Drive(server, place, tokens, home)
