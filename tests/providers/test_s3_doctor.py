"""What `wharfie doctor` finds on the way to a bucket."""

from __future__ import annotations

import os
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from providers.base import Place
from providers.diagnosis import Finding
from providers.registry import diagnose
from tests.servers.bucket import Bucket
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer


def found(server: ScriptedHttp, path: str, tmp_path: Path, **site: str) -> dict[str, Finding]:
    endpoint, access = access_to(server, tmp_path, **site)
    return {each.step: each for each in diagnose(Place(endpoint, path), access)}


def dated(seconds: float, then: Bucket) -> ScriptedHttp:
    """The first answer says what time it is there."""

    def script(ask: Ask, wire: Wire) -> None:
        if "authorization" not in ask.headers:
            there = formatdate(time.time() + seconds, usegmt=True)
            return wire.say(answer(403, b"", {"Date": there}))
        return then(ask, wire)

    return ScriptedHttp(script)


def test_a_way_that_is_free_is_told_step_by_step(tmp_path: Path) -> None:
    with dated(0, Bucket({"a": b"1", "d/e": b"2"}, name="b")) as server:
        steps = found(server, "/b", tmp_path)
    assert [*steps] == ["keys", "name", "TCP", "clock", "bucket", "list"]
    assert all(each.ok for each in steps.values())
    assert "AKIDWHARFIE" in steps["keys"].what and "secret" not in str(steps)
    assert "2 entries" in steps["list"].what


@pytest.mark.parametrize("anonymous", ["no", "yes"])
def test_the_usual_keys_of_this_computer_are_not_lent_silently(
    anonymous: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKUSUAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "usual-secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with dated(0, Bucket({"a": b"1"}, name="b")) as server:
        told = found(server, "/b", tmp_path, access_key_id="", anonymous=anonymous)["keys"]
    assert told.ok is (None if anonymous == "no" else True)
    assert ("AWS keys of this computer" in told.advice) == (anonymous == "no")
    assert "usual-secret" not in str(told)


def test_a_clock_that_is_off_is_found(tmp_path: Path) -> None:
    with dated(3600, Bucket({}, name="b")) as server:
        clock = found(server, "/b", tmp_path)["clock"]
    assert (
        clock.ok is False and "60 minutes apart" in clock.what and "Set the clock" in clock.advice
    )


def test_a_bucket_that_is_not_there_ends_the_walk(tmp_path: Path) -> None:
    with dated(0, Bucket({}, name="b")) as server:
        steps = found(server, "/other", tmp_path)
    assert steps["bucket"].ok is False and "no such bucket" in steps["bucket"].what
    assert "list" not in steps


def test_buckets_that_may_not_be_listed_are_a_hint_to_name_one(tmp_path: Path) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(403, b"<Error><Code>AccessDenied</Code></Error>"))

    with ScriptedHttp(script) as server:
        told = found(server, "/", tmp_path)["list"]
    assert told.ok is False and "s3://bucket/" in told.advice


def test_a_site_that_says_nonsense_is_told_at_once(tmp_path: Path) -> None:
    with ScriptedHttp(lambda ask, wire: wire.say(answer(200))) as server:
        endpoint, access = access_to(server, tmp_path)
        access.secrets.erase(endpoint, "password")
        (told,) = diagnose(Place(endpoint, "/b"), access)
    assert told.ok is False and "secret key of AKIDWHARFIE is needed" in told.what
    assert told.asks is not None
