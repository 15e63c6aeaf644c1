"""A tree in a bucket is removed a thousand keys at a time, and never a key that was not listed."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import md5
from pathlib import Path
from urllib.parse import unquote
from xml.sax.saxutils import unescape

import pytest

from providers.errors import ConnectionLost, Denied, NotEmpty, ProviderError
from providers.s3 import removing
from providers.s3.provider import open_endpoint
from tests.servers.bucket import Bucket
from tests.servers.bucket_case import SERVICES, BucketCase, bucket_case, service
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.servers.web_process import WebServer


@pytest.fixture(scope="module", params=SERVICES)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, WebServer]]:
    with service(request.param, tmp_path_factory.mktemp(request.param)) as server:
        if server is None:
            pytest.skip(f"{request.param} is not installed")
        yield request.param, server


@pytest.fixture
def bucket(running: tuple[str, WebServer], tmp_path: Path) -> Iterator[BucketCase]:
    with bucket_case(*running, tmp_path) as case:
        yield case


def test_a_tree_goes_with_few_requests_and_nothing_beside_it(
    bucket: BucketCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removing, "TOGETHER", 4)
    inside = {f"d/{n}" for n in range(9)} | {"d/sub/<x>&amp;'\"", "d/ünï/文 + %20?b=c#d"}
    for key in {*inside, "d.txt", "da", "e/d/x"}:
        bucket.store(key, b"x")
    alone: list[str] = []
    one = removing.one
    monkeypatch.setattr(removing, "one", lambda *about: (alone.append(about[3]), one(*about)))
    outcome = [*bucket.place.remove_tree(bucket.at("d"))]
    assert set(outcome) == {None} and len(outcome) >= len(inside)
    assert bucket.keys() == {"d.txt", "da", "e/d/x"}
    assert [name for name in alone if not name.endswith("/")] == []
    assert [
        entry.name
        for page in bucket.place.list_dir(f"/{bucket.name}")
        for entry in page
        if entry.name == "d"
    ] == []


def test_the_mark_of_a_folder_goes_alone_only_while_it_holds_nothing(bucket: BucketCase) -> None:
    if bucket.service != "moto":
        pytest.skip("its folders are those of a file system")
    bucket.store("d/", b"nine byte")
    bucket.store("e/", b"")
    with pytest.raises(NotEmpty, match="its mark holds 9 bytes"):
        bucket.place.delete(bucket.at("d"))
    bucket.place.delete(bucket.at("e"))
    assert bucket.keys() == {"d/"}
    assert [*bucket.place.remove_tree(bucket.at("d"))] == [None]
    assert bucket.keys() == set()


class Service(Bucket):
    """A bucket that removes as asked; `says` answers DeleteObjects instead where it is given."""

    def __init__(self, *names: str, says: Callable[[list[str]], bytes | None] | None = None):
        super().__init__(dict.fromkeys(names, b"x"), name="b", most=1500)
        self.says = says or (lambda names: None)
        self.together: list[list[str]] = []
        self.alone: list[str] = []

    def __call__(self, ask: Ask, wire: Wire) -> None:
        if ask.method == "POST":
            wire.say(self._some(ask))
        elif ask.method == "DELETE":
            key = self._key(ask)
            self.alone.append(key)
            self.objects.pop(key, None)
            wire.say(answer(204))
        else:
            super().__call__(ask, wire)

    def _key(self, ask: Ask) -> str:
        return unquote(ask.target).removeprefix("/b/")

    def _some(self, ask: Ask) -> bytes:
        told = b64encode(md5(ask.body, usedforsecurity=False).digest()).decode()
        assert (ask.target, ask.headers["content-md5"]) == ("/b?delete=", told)
        body = ask.body.decode()
        assert "<Quiet>true</Quiet>" in body
        names = [unescape(name) for name in re.findall("<Key>(.*?)</Key>", body, re.DOTALL)]
        self.together.append(names)
        said = self.says(names)
        if said is not None:
            return said
        for name in names:
            self.objects.pop(name, None)
        return answer(200, b"<DeleteResult/>")


def _removed(service: Service, tmp_path: Path) -> list[ProviderError | None]:
    with (
        ScriptedHttp(service) as server,
        closing(open_endpoint(*access_to(server, tmp_path))) as place,
    ):
        return [*place.remove_tree("/b/d")]


def test_a_thousand_go_with_one_request_and_the_mark_of_the_folder_goes_last(
    tmp_path: Path,
) -> None:
    service = Service("d/", *(f"d/{n:04}" for n in range(1001)))
    assert _removed(service, tmp_path) == [None] * 1002
    assert [len(names) for names in service.together] == [1000]
    assert (service.alone, service.objects) == (["d/1000", "d/"], {})


@pytest.mark.parametrize("name", ["d/a\rb", "d/a\x01", "d/a ", "d/a\n", "d/a\u2028", "d/\ufffe"])
def test_a_key_that_xml_may_turn_into_another_is_removed_by_its_address(
    name: str, tmp_path: Path
) -> None:
    service = Service("d/x", "d/y", name)
    assert _removed(service, tmp_path) == [None] * 3
    assert (service.together, service.alone) == ([["d/x", "d/y"]], [name])
    assert service.objects == {}


def test_what_is_refused_is_told_of_the_key_it_is_about(tmp_path: Path) -> None:
    def says(names: list[str]) -> bytes:
        fault = "<Code>{}</Code><Message>no</Message>"
        told = f"<Error><Key>d/b</Key>{fault.format('AccessDenied')}</Error>"
        told += f"<Error><Key>d/c</Key>{fault.format('InternalError')}</Error>"
        service.objects.pop("d/a")
        return answer(200, f"<DeleteResult>{told}</DeleteResult>".encode())

    service = Service("d/a", "d/b", "d/c", says=says)
    outcome = _removed(service, tmp_path)
    assert [error and (type(error), error.path) for error in outcome] == [
        None,
        (Denied, "/b/d/b"),
        None,
    ]
    assert service.alone == ["d/c"], "it is tried on its own"


@pytest.mark.parametrize("key", ["", "<Key>d%2Fa</Key>", "<Key> d/a</Key>", "<Key>other</Key>"])
def test_each_is_removed_on_its_own_where_nobody_knows_which_was_refused(
    key: str, tmp_path: Path
) -> None:
    said = f"<DeleteResult><Error>{key}<Code>InternalError</Code></Error></DeleteResult>"
    service = Service("d/a", "d/b", "other", says=lambda names: answer(200, said.encode()))
    assert _removed(service, tmp_path) == [None] * 2
    assert (service.alone, {*service.objects}) == (["d/a", "d/b"], {"other"})


def test_what_still_stands_by_then_is_an_error_whatever_the_service_said(tmp_path: Path) -> None:
    service = Service("d/a", "d/b", says=lambda names: answer(200, b"<DeleteResult/>"))
    outcome = _removed(service, tmp_path)
    told = [(type(error), error.path) for error in outcome if error is not None]
    assert sorted(told, key=str) == [(Denied, "/b/d/a"), (Denied, "/b/d/b")]
    assert service.alone == [], "it may be somebody else's who has just made it"


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (answer(501, b"<Error><Code>NotImplemented</Code></Error>"), 1),
        (answer(405), 1),
        (answer(400, b"<Error><Code>MalformedXML</Code></Error>"), 2),
        (answer(200), 2),
        (answer(200, b"<Error><Code>InternalError</Code></Error>"), 2),
        (answer(200, b"<html>welcome"), 2),
    ],
)
def test_each_is_removed_on_its_own_where_many_are_not(
    said: bytes, asked: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removing, "TOGETHER", 2)
    names = [f"d/{n}" for n in range(4)]
    service = Service(*names, says=lambda names: said)
    assert _removed(service, tmp_path) == [None] * 4
    assert (service.alone, service.objects, len(service.together)) == (names, {}, asked)


def test_what_nobody_knows_of_is_an_error_of_each(tmp_path: Path) -> None:
    service = Service("d/a", "d/b", says=lambda names: answer(500))
    outcome = _removed(service, tmp_path)
    assert [(type(error), error and error.path) for error in outcome] == [
        (ConnectionLost, "/b/d/a"),
        (ConnectionLost, "/b/d/b"),
    ]


def test_closing_it_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removing, "TOGETHER", 2)
    service = Service(*(f"d/{n}" for n in range(6)))
    with (
        ScriptedHttp(service) as server,
        closing(open_endpoint(*access_to(server, tmp_path))) as place,
    ):
        removal = place.remove_tree("/b/d")
        assert next(removal) is None
        removal.close()
    assert len(service.objects) == 4
