"""Bytes of a drive's files: from addresses of their own, without saying who asks."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.errors import (
    AuthRequired,
    ConnectionLost,
    Denied,
    NotFound,
    ProviderError,
    RangeIgnored,
    SourceChanged,
    Throttled,
    Unsupported,
)
from providers.onedrive.throttle import Rest
from tests.providers.drives import PROFILES, Drive, a_drive, got
from tests.servers.drive_place import ENDPOINT, GivenTokens, drive_at, open_drive
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer

DATA = bytes(range(256)) * 1000


@pytest.fixture(params=PROFILES)
def drive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Drive]:
    with a_drive(request.param, tmp_path) as made:
        made.server.put("/file", DATA)
        yield made


@pytest.mark.parametrize("how", ["environment", "site"])
def test_an_emulator_is_asked_past_every_proxy(
    drive: Drive, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in for Graph is on this computer; a proxy elsewhere would collect the token."""
    with ScriptedHttp(lambda wire, ask: wire.send(answer(502))) as proxy:
        site = {"proxy": proxy.base} if how == "site" else {}
        if how == "environment":
            monkeypatch.setenv("http_proxy", proxy.base)
            monkeypatch.setenv("no_proxy", "")
        with closing(open_drive(drive.server, tmp_path, **site)) as place:
            assert got(place, "/file") == DATA
        assert proxy.asks == []


def test_an_address_that_ended_is_asked_for_anew(drive: Drive) -> None:
    drive.server.fail(401, where="cdn", method="GET", path="/download/")
    assert drive.get("/file", offset=1000) == DATA[1000:]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_address_that_ends_again_and_again_is_no_quiet_end(drive: Drive, status: int) -> None:
    drive.server.fail(status, where="cdn", method="GET", path="/download/", times=2)
    with pytest.raises((Denied, NotFound)):
        drive.get("/file")


def test_a_host_that_ignores_ranges_is_noticed(drive: Drive) -> None:
    drive.server.habits.ignore_ranges = True
    with pytest.raises(RangeIgnored):
        drive.get("/file", offset=5)
    assert drive.get("/file") == DATA


def test_a_download_that_is_cut_is_lost_and_no_quiet_end(drive: Drive) -> None:
    drive.server.cut_download(1000)
    with pytest.raises(ConnectionLost):
        drive.get("/file")


def test_a_file_that_changed_before_a_part_is_read_is_noticed(drive: Drive) -> None:
    version = drive.place.stat("/file").version
    drive.server.put("/file", DATA[::-1])
    with pytest.raises(SourceChanged):
        drive.get("/file", offset=5, version=version)


def test_what_is_listed_with_another_size_than_it_has_is_read_whole(drive: Drive) -> None:
    drive.server.misreport_size("/file", 7)
    with drive.place.read("/file") as reader:
        assert b"".join(bytes(chunk) for chunk in reader.chunks()) == DATA
        assert reader.entry.size == len(DATA)


def test_what_is_listed_as_empty_and_is_not_is_read(drive: Drive) -> None:
    drive.server.misreport_size("/file", -len(DATA))
    assert drive.place.stat("/file").size == 0
    assert drive.get("/file") == DATA


def test_an_empty_file_is_read(drive: Drive) -> None:
    drive.server.put("/empty", b"")
    assert drive.get("/empty") == b""


def test_an_infected_file_says_so(drive: Drive) -> None:
    drive.server.infect("/file")
    with pytest.raises(Denied, match="infected"):
        drive.get("/file")


def test_bytes_in_another_encoding_are_not_the_file_s(drive: Drive) -> None:
    packed = gzip.compress(DATA)
    drive.server.fail(
        200, body=packed, headers={"Content-Encoding": "gzip"}, where="cdn", path="/download/"
    )
    with pytest.raises(Unsupported, match="encoding"):
        drive.get("/file")


@pytest.mark.parametrize("base", ["", "cdn"])
def test_a_host_may_send_on_to_another(drive: Drive, base: str) -> None:
    world = drive.server.world
    item = world.own.items[drive.server.put("/file", DATA)]
    at = (world.cdn if base else "") + world.tickets.give(world.own.id, item.id)
    drive.server.fail(302, headers={"Location": at}, where="cdn", path="/download/", times=2)
    assert drive.get("/file", offset=5) == DATA[5:]


def test_a_host_that_sends_on_for_ever_is_left(drive: Drive) -> None:
    where = {"Location": "/download/again?tempauth=secret"}
    drive.server.fail(302, headers=where, where="cdn", path="/download/", times=1000)
    with pytest.raises(ProviderError) as caught:
        drive.get("/file")
    assert "secret" not in str(caught.value)


def test_a_missing_hash_is_no_error(drive: Drive) -> None:
    drive.server.habits.omit_hashes = True
    assert drive.place.stat("/file").digests == {}
    assert drive.get("/file") == DATA


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/latest/meta-data/", "ftp://127.0.0.1/x", "file:///etc/passwd"],
)
def test_no_address_is_followed_that_graph_could_not_mean(address: str, tmp_path: Path) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        item = {"id": "1", "name": "x", "file": {}, "size": 3, "driveType": "personal"}
        wire.say(
            answer(200, json.dumps({**item, "@microsoft.graph.downloadUrl": address}).encode())
        )

    with ScriptedHttp(script) as server:
        place = drive_at(f"{server.base}/v1.0", tmp_path, GivenTokens("secret"))
        with closing(place), pytest.raises(Denied), place.read("/x"):
            pass


def test_where_graph_sends_us_nobody_learns_who_asks_and_no_message_says_the_address(
    tmp_path: Path,
) -> None:
    def elsewhere(ask: Ask, wire: Wire) -> None:
        assert "authorization" not in ask.headers and "cookie" not in ask.headers
        wire.say(answer(500, b"no"))

    with ScriptedHttp(elsewhere) as host:
        address = f"{host.base}/x?tempauth=canary&sig=a%2Fb%3D"

        def script(ask: Ask, wire: Wire) -> None:
            assert ask.headers["authorization"] == "Bearer secret"
            item = {"id": "1", "name": "x", "file": {}, "size": 3, "driveType": "personal"}
            told = {**item, "@microsoft.graph.downloadUrl": address}
            wire.say(answer(200, json.dumps(told).encode()))

        with ScriptedHttp(script) as server:
            place = drive_at(f"{server.base}/v1.0", tmp_path, GivenTokens("secret"))
            with closing(place), pytest.raises(ProviderError) as caught, place.read("/x"):
                pass
        assert [ask.target for ask in host.asks] == ["/x?tempauth=canary&sig=a%2Fb%3D"], (
            "as it came"
        )
    told = f"{caught.value!r} {caught.value}"
    assert "canary" not in told and "secret" not in told


def test_a_token_that_is_refused_is_replaced_once(drive: Drive) -> None:
    drive.server.expire_tokens()
    drive.tokens.left.append(drive.server.issue_token())
    assert drive.get("/file") == DATA
    assert len(drive.tokens.refusals) == 1


def test_without_a_token_a_person_is_asked(drive: Drive) -> None:
    drive.server.expire_tokens()
    with pytest.raises(AuthRequired) as caught:
        drive.get("/file")
    assert caught.value.endpoint == ENDPOINT


def test_what_a_challenge_demands_is_handed_on_as_it_came(tmp_path: Path) -> None:
    with a_drive("business", tmp_path) as drive:
        drive.tokens.left[:] = [drive.server.issue_token(capable=True)]
        drive.server.revoke_tokens()
        with pytest.raises(AuthRequired):
            drive.place.stat("/Documents")
        claims = drive.tokens.refusals[0][1]
        assert claims is not None and claims.isascii() and '"' not in claims


def test_while_the_account_rests_no_thread_asks_anything(drive: Drive) -> None:
    drive.server.throttle(600)
    with pytest.raises(Throttled):
        drive.place.stat("/file")
    asked = len(drive.server.asked)
    for path in ("/file", "/Documents"):
        with pytest.raises(Throttled) as caught:
            drive.place.stat(path)
        assert caught.value.endpoint == ENDPOINT
        assert 590 < (caught.value.retry_after or 0) <= 600
    assert len(drive.server.asked) == asked


def test_a_rest_ends_when_its_time_is_up_and_not_before() -> None:
    now = 100.0
    rest = Rest(ENDPOINT, lambda: now)
    rest.note(Throttled("", retry_after=10))
    rest.note(Throttled("", retry_after=3))
    now = 109.9
    with pytest.raises(Throttled):
        rest.check("/x")
    now = 110.0
    rest.check("/x")


@pytest.mark.parametrize("seconds", [1e18, 3_158_761_208.0])
def test_a_rest_that_nobody_lives_to_see_the_end_of_is_one_of_a_day(seconds: float) -> None:
    """As the queue has it: who goes on asking is to find out that the service goes on as well."""
    now = 100.0
    rest = Rest(ENDPOINT, lambda: now)
    rest.note(Throttled("", retry_after=seconds))
    with pytest.raises(Throttled) as caught:
        rest.check("/x")
    assert caught.value.retry_after == 86_400
    now += 86_400
    rest.check("/x")
