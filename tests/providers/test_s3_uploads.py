"""Uploads in parts, on real services: gone on with, taken back, and nobody else's touched."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import ANY_VERSION
from providers.errors import ConnectionLost, UploadExpired
from providers.s3 import documents
from providers.s3.options import options_of
from providers.s3.provider import S3Provider, open_endpoint
from providers.s3.session import Answer, Session
from tests.servers.s3_servers import (
    JuiceFs,
    Moto,
    access_to,
    find_juicefs,
    find_moto,
    make_bucket,
)
from tests.servers.web_process import WebServer

PART = 5 << 20
DATA = random.Random(5).randbytes(2 * PART + 1000)
PIECES = [DATA[start : start + PART] for start in range(0, len(DATA), PART)]
KEY = "0badcafe"

_SERVICES: dict[str, tuple[Callable[[], str | None], Callable[[Path], WebServer]]] = {
    "moto": (find_moto, Moto),
    "juicefs": (find_juicefs, JuiceFs),
}


class Bucket:
    """A bucket of its own, and what may be asked of it beside the contract."""

    def __init__(self, name: str, endpoint: str, access: Access) -> None:
        self.service = name
        self.endpoint, self.access = endpoint, access
        self.name = make_bucket(endpoint, access)
        self.place = open_endpoint(endpoint, access)
        self.file = f"/{self.name}/folder/file.bin"

    def again(self) -> S3Provider:
        return open_endpoint(self.endpoint, self.access)

    def session(self) -> Session:
        return Session(
            self.endpoint, options_of(self.access.sites.options(self.endpoint)), self.access
        )

    def begin(self, place: S3Provider | None = None, key: str = KEY) -> str:
        return (place or self.place).begin(self.file, len(DATA), key=key, part_size=PART)

    def put(self, upload: str, *numbers: int, place: S3Provider | None = None) -> list[str]:
        put = (place or self.place).put_part
        return [put(upload, n, n * PART, [PIECES[n]]) for n in numbers]

    def unfinished(self) -> int:
        """How many uploads the service holds parts for."""
        with (
            closing(self.session()) as session,
            session.send("GET", self.name, path="/", query={"uploads": ""}) as answer,
        ):
            return len(documents.uploads(answer.document()).pending) if answer.status == 200 else 0

    def get(self) -> bytes:
        with self.place.read(self.file) as reader:
            return b"".join(bytes(chunk) for chunk in reader.chunks())


@pytest.fixture(scope="module", params=_SERVICES)
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, WebServer]]:
    find, start = _SERVICES[request.param]
    if find() is None:
        pytest.skip(f"{request.param} is not installed")
    with start(tmp_path_factory.mktemp(request.param)) as server:
        yield request.param, server


@pytest.fixture
def bucket(service: tuple[str, WebServer], tmp_path: Path) -> Iterator[Bucket]:
    name, server = service
    made = Bucket(name, *access_to(server, tmp_path))
    with closing(made.place):
        yield made


def test_parts_are_listed_and_gone_on_with_after_a_restart(bucket: Bucket) -> None:
    upload = bucket.begin()
    first = bucket.put(upload, 0)
    with closing(bucket.again()) as other:
        assert other.parts(upload) == {0: first[0]}
        rest = bucket.put(upload, 1, 2, place=other)
        entry = other.finish(upload, first + rest, replacing=None)
    assert entry.size == len(DATA) and "sha256" not in entry.digests
    assert hashlib.sha256(bucket.get()).digest() == hashlib.sha256(DATA).digest()
    assert bucket.unfinished() == 0


def test_a_cancelled_upload_leaves_no_orphan(bucket: Bucket) -> None:
    upload = bucket.begin()
    bucket.put(upload, 0)
    assert bucket.unfinished() == 1
    bucket.place.abort(upload)
    assert bucket.unfinished() == 0
    with pytest.raises(UploadExpired):
        bucket.place.parts(upload)


def test_only_the_jobs_own_upload_is_abandoned(bucket: Bucket) -> None:
    bucket.begin()
    others = bucket.begin(key="0000beef")
    with closing(bucket.again()) as other:
        other.abandon(bucket.file, key=KEY)
        assert bucket.unfinished() == 1
        receipts = bucket.put(others, 0, 1, 2, place=other)
        other.finish(others, receipts, replacing=None)
    assert bucket.unfinished() == 0


def test_begun_again_with_its_key_an_upload_leaves_no_orphan(bucket: Bucket) -> None:
    for _ in range(3):
        upload = bucket.begin()
    assert bucket.unfinished() == 1
    bucket.place.abort(upload)


# A8 --------------------------------------------------------------------------------------------


class _Forgetful(Session):
    """The answer to what gives an object its name is lost, once."""

    loses = True

    @contextmanager
    def send(self, method: str, *where: str, **how: object) -> Iterator[Answer]:  # type: ignore[override]
        query = how.get("query") or {}
        names = (method == "POST" and "uploadId" in query) or (  # type: ignore[operator]
            method == "PUT" and "partNumber" not in query  # type: ignore[operator]
        )
        with super().send(method, *where, **how) as answer:  # type: ignore[arg-type]
            if names and self.loses and where[-1]:
                for _ in answer.chunks():
                    pass
                self.loses = False
                raise ConnectionLost("", "the answer was lost")
            yield answer


@pytest.mark.parametrize("size", [1000, len(DATA)], ids=["one request", "parts"])
@pytest.mark.parametrize("replacing", [None, ANY_VERSION])
def test_an_object_whose_naming_was_not_answered_is_found(
    bucket: Bucket, size: int, replacing: str | None
) -> None:
    forgetful = S3Provider(
        _Forgetful(
            bucket.endpoint, options_of(bucket.access.sites.options(bucket.endpoint)), bucket.access
        )
    )
    with closing(forgetful):
        upload = forgetful.begin(bucket.file, size, key=KEY, part_size=PART)
        pieces = PIECES if size == len(DATA) else [DATA[:size]]
        receipts = [forgetful.put_part(upload, n, n * PART, [p]) for n, p in enumerate(pieces)]
        with pytest.raises(ConnectionLost):
            forgetful.finish(upload, receipts, replacing=replacing)
    with closing(bucket.again()) as other:
        entry = other.finish(upload, receipts, replacing=replacing, again=True)
    assert entry.size == size
    assert bucket.get() == DATA[:size]
    assert bucket.unfinished() == 0


def test_an_object_of_somebody_else_is_not_taken_for_the_one_that_was_lost(bucket: Bucket) -> None:
    other = bucket.place.begin(bucket.file, 3, key="0000beef", part_size=PART)
    bucket.place.finish(other, [bucket.place.put_part(other, 0, 0, [b"old"])], replacing=None)
    with closing(bucket.again()) as place:
        upload = place.begin(bucket.file, 3, key=KEY, part_size=PART)
        place.put_part(upload, 0, 0, [b"new"])
    with pytest.raises(UploadExpired):
        bucket.place.finish(upload, [""], replacing=ANY_VERSION, again=True)
    assert bucket.get() == b"old"


# What the service says ---------------------------------------------------------------------------


def test_amazon_tells_the_digest_of_what_was_stored_with_one_and_others_are_not_believed(
    service: tuple[str, WebServer], tmp_path: Path
) -> None:
    """MinIO's code as juicefs has it has none to tell."""
    name, server = service
    bucket = Bucket(name, *access_to(server, tmp_path, checksums="always"))
    with closing(bucket.place) as place:
        upload = place.begin(bucket.file, 3, key=KEY, part_size=PART)
        place.finish(upload, [place.put_part(upload, 0, 0, [b"abc"])], replacing=None)
        assert place.stat(bucket.file).digests == {}, "it may be what we sent, and its ETag no MD5"
        place._session.certain = True
        told = place.stat(bucket.file).digests
    expected = {"sha256": hashlib.sha256(b"abc").hexdigest()} if name == "moto" else {}
    assert {key: told[key] for key in told if key != "md5"} == expected


def test_parts_with_checksums_make_the_whole(
    service: tuple[str, WebServer], tmp_path: Path
) -> None:
    name, server = service
    bucket = Bucket(name, *access_to(server, tmp_path, checksums="always"))
    with closing(bucket.place):
        upload = bucket.begin()
        receipts = bucket.put(upload, 0, 1, 2)
        entry = bucket.place.finish(upload, receipts, replacing=None)
        assert "sha256" not in entry.digests, "of parts there is a digest of digests only"
        assert bucket.get() == DATA


# Trees -------------------------------------------------------------------------------------------


def test_a_tree_is_removed_with_its_folders_and_nothing_beside_it(bucket: Bucket) -> None:
    place, root = bucket.place, f"/{bucket.name}"
    for key in ("a/1", "a/b/2", "ab"):
        upload = place.begin(f"{root}/{key}", 1, key=KEY, part_size=PART)
        place.finish(upload, [place.put_part(upload, 0, 0, [b"x"])], replacing=None)
    assert [error for error in place.remove_tree(f"{root}/a") if error] == []
    assert [entry.name for page in place.list_dir(root) for entry in page] == ["ab"]


def test_a_bucket_is_listed_at_the_root(bucket: Bucket) -> None:
    names = [entry.path for page in bucket.place.list_dir("/") for entry in page]
    assert f"/{bucket.name}" in names
