"""A bucket of its own on a real service, and what may be asked of it beside the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from providers.access import Access
from providers.base import ANY_VERSION, Entry
from providers.s3 import documents
from providers.s3.options import options_of
from providers.s3.provider import open_endpoint
from providers.s3.session import Session
from tests.servers.s3_servers import (
    JuiceFs,
    Moto,
    Rclone,
    access_to,
    find_juicefs,
    find_moto,
    make_bucket,
)
from tests.servers.web_process import WebServer
from tests.servers.web_servers import find_rclone

SERVICES: dict[str, tuple[Callable[[], str | None], Callable[[Path], WebServer]]] = {
    "moto": (find_moto, Moto),
    "rclone": (find_rclone, Rclone),
    "juicefs": (find_juicefs, JuiceFs),
}
KEY = "0badcafe"


class BucketCase:
    """`place` is open until `close`. `name`: of the bucket; `service`: of its service."""

    def __init__(self, service: str, endpoint: str, access: Access) -> None:
        self.service = service
        self.endpoint, self.access = endpoint, access
        self.name = make_bucket(endpoint, access)
        self.place = open_endpoint(endpoint, access)

    def close(self) -> None:
        self.place.close()

    def at(self, key: str) -> str:
        return f"/{self.name}/{key}"

    @contextmanager
    def session(self) -> Iterator[Session]:
        options = options_of(self.access.sites.options(self.endpoint))
        with closing(Session(self.endpoint, options, self.access)) as session:
            yield session

    def store(self, key: str, data: bytes, **headers: str) -> Entry:
        """An object as another program stores it, with these headers ("_" for "-").

        Asked again where the service says that the fault is its own: rclone may not find the folder
        that it makes for the first key of a bucket.
        """
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        status = 500
        with self.session() as session:
            for _ in range(5):
                with session.send(
                    "PUT", self.name, key, path=key, headers=said, body=data
                ) as answer:
                    status = answer.status
                if status != 500:
                    break
        assert status == 200
        return self.place.stat(self.at(key))

    def headers(self, key: str) -> Mapping[str, str]:
        """What the service says of an object."""
        with self.session() as session, session.send("HEAD", self.name, key, path=key) as answer:
            assert answer.status == 200
            return answer.headers

    def get(self, key: str) -> bytes:
        with self.place.read(self.at(key)) as reader:
            return b"".join(bytes(chunk) for chunk in reader.chunks())

    def keys(self) -> set[str]:
        with (
            self.session() as session,
            session.send("GET", self.name, path="/", query={"list-type": "2"}) as answer,
        ):
            return {each.key for each in documents.listing(answer.document()).objects}

    def unfinished(self) -> int:
        """How many uploads the service holds parts for."""
        with (
            self.session() as session,
            session.send("GET", self.name, path="/", query={"uploads": ""}) as answer,
        ):
            return len(documents.uploads(answer.document()).pending) if answer.status == 200 else 0

    def copy(
        self, source: str, target: str, size: int, *, replacing: str | None = ANY_VERSION
    ) -> Entry:
        """A copy that the service makes. `source` and `target` are addresses."""
        version = self.place.stat(source).version
        upload = self.place.begin(target, size, key=KEY, part_size=8 << 20)
        receipts = self.place.copy_into(upload, source, version=version)
        return self.place.finish(upload, receipts, replacing=replacing)


@contextmanager
def service(name: str, directory: Path) -> Iterator[WebServer | None]:
    """The service, running; None where it is not installed."""
    find, start = SERVICES[name]
    if find() is None:
        yield None
        return
    with start(directory) as server:
        yield server


@contextmanager
def bucket_case(name: str, server: WebServer, directory: Path, **site: str) -> Iterator[BucketCase]:
    case = BucketCase(name, *access_to(server, directory, **site))
    with closing(case):
        yield case
