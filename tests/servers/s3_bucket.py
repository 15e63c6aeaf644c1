"""A bucket for a test: a place, and requests besides it for what no place does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from providers.s3.provider import S3Provider, open_endpoint
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

Starts = Callable[[Path], WebServer]
SERVICES: Mapping[str, tuple[Callable[[], str | None], Starts]] = {
    "moto": (find_moto, Moto),
    "rclone": (find_rclone, Rclone),
    "juicefs": (find_juicefs, JuiceFs),
}
_VERSIONS = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"


class S3Bucket:
    """`service`: what plays it."""

    def __init__(self, service: str, server: WebServer, directory: Path) -> None:
        self.service = service
        self.endpoint, self.access = access_to(server, directory)
        self.name = make_bucket(self.endpoint, self.access)
        self.place: S3Provider = open_endpoint(self.endpoint, self.access)

    def path(self, key: str) -> str:
        return f"/{self.name}/{key}"

    def ask(
        self,
        method: str,
        key: str = "",
        body: bytes | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of an answer that must be a success.

        Asked again where the service says that the fault is its own, as the queue does: rclone may
        not find the folder that it makes for the first key of a bucket.
        """
        for tries_left in (4, 3, 2, 1, 0):
            with self.place._session.send(
                method,
                self.name,
                key,
                path=self.path(key),
                query=query or {},
                headers=headers or {},
                body=body,
            ) as answer:
                if answer.status == 500 and tries_left:
                    continue
                assert answer.status in {200, 204}, answer.fault
                return b"".join(bytes(chunk) for chunk in answer.document())
        raise AssertionError("not reached")

    def keep_versions(self) -> None:
        self.ask("PUT", body=_VERSIONS, query={"versioning": ""})

    def store(self, key: str, *contents: bytes) -> None:
        for content in contents:
            self.ask("PUT", key, content)

    def content(self, path: str, *, version: str | None = None) -> bytes:
        with self.place.read(path, version=version) as reader:
            return b"".join(bytes(chunk) for chunk in reader.chunks())


@contextmanager
def bucket_of(service: str, server: WebServer, directory: Path) -> Iterator[S3Bucket]:
    made = S3Bucket(service, server, directory)
    try:
        yield made
    finally:
        made.place.close()
