"""Addresses for others: who has one reads the file without keys, for as long as it holds."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit

import botocore.auth
import pytest
from botocore.credentials import RefreshableCredentials

from providers.errors import NotFound, Unsupported, WrongKind
from providers.extras import Link, Sharer
from providers.s3.options import Options
from providers.s3.signing import Keys, Signer, presigned
from providers.web.calls import Calls
from tests.faults.test_C12_C14_s3_lies import service
from tests.servers.s3_bucket import SERVICES, S3Bucket, bucket_of
from tests.servers.s3_servers import KEY_ID, SECRET
from tests.servers.scripted_http import Ask, answer

DATA = b"content of a file"
HEAD = {"ETag": '"one"', "Content-Length": "17"}
WEEK = 7 * 24 * 3600
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module", params=SERVICES)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[S3Bucket]:
    find, start = SERVICES[request.param]
    if find() is None:
        pytest.skip(f"{request.param} is not installed")
    directory = tmp_path_factory.mktemp(request.param)
    with start(directory) as server, bucket_of(request.param, server, directory) as bucket:
        yield bucket


def fetched(link: Link) -> bytes:
    with _OPENER.open(link.url, timeout=30) as got:
        return bytes(got.read())


@pytest.mark.parametrize("key", ["k", "d/ü +&?#;=%41 k", "d/a=b"])
def test_whoever_has_it_reads_the_file(served: S3Bucket, key: str) -> None:
    served.store("d/other", b"x")
    served.store(key, DATA)
    before = int(time.time())
    link = served.place.share(served.path(key), 600)
    assert fetched(link) == DATA
    assert link.until is not None and before + 600 <= link.until <= time.time() + 600
    assert isinstance(served.place, Sharer) and served.place.longest_link == WEEK


@pytest.mark.parametrize("served", ["moto"], indirect=True)
def test_a_revision_is_opened_by_its_own(served: S3Bucket) -> None:
    served.keep_versions()
    served.store("v", b"old", b"new")
    ((new, old),) = [*served.place.revisions(served.path("v"))]
    assert fetched(served.place.share(old.entry.path, 60)) == b"old"
    assert fetched(served.place.share(new.entry.path, 60)) == b"new"


def _an_hour_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    now = botocore.auth.get_current_datetime
    monkeypatch.setattr(
        botocore.auth, "get_current_datetime", lambda **how: now(**how) - timedelta(hours=1)
    )


@pytest.mark.parametrize("served", ["rclone", "juicefs"], indirect=True)
def test_one_that_has_ended_or_was_changed_opens_nothing(
    served: S3Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.store("k", DATA)
    good = served.place.share(served.path("k"), 600)
    longer = Link(good.url.replace("X-Amz-Expires=600", "X-Amz-Expires=601"), None)
    assert longer.url != good.url
    _an_hour_ago(monkeypatch)
    signed = served.place._session.presigned(served.path("k"), 600)
    assert signed is not None
    for bad in (longer, Link(*signed)):
        with pytest.raises(HTTPError) as refused:
            fetched(bad)
        refused.value.close()
        assert refused.value.code in {400, 403}


def test_only_a_file_that_is_there_has_one(served: S3Bucket) -> None:
    served.store("d/k", DATA)
    with pytest.raises(NotFound):
        served.place.share(served.path("missing"), 60)
    for path in (served.path("d"), f"/{served.name}", "/"):
        with pytest.raises(WrongKind, match="only a file"):
            served.place.share(path, 60)


def _looked_at(ask: Ask) -> bytes:
    return answer(200, headers=HEAD)


@pytest.mark.parametrize(("asked", "granted"), [(1e9, WEEK), (0.2, 1), (90.7, 90)])
def test_it_holds_a_second_at_least_and_a_week_at_most(
    asked: float, granted: int, tmp_path: Path
) -> None:
    with service(_looked_at, tmp_path) as (place, _):
        before = int(time.time())
        link = place.share("/b/k", asked)
    assert parse_qs(urlsplit(link.url).query)["X-Amz-Expires"] == [str(granted)]
    assert link.until is not None and before + granted <= link.until <= time.time() + granted


def test_without_keys_there_is_none(tmp_path: Path) -> None:
    with (
        service(_looked_at, tmp_path, access_key_id="", anonymous="yes") as (place, _),
        pytest.raises(Unsupported, match="no keys to sign"),
    ):
        place.share("/b/k", 60)


def test_what_only_its_own_key_opens_has_none(tmp_path: Path) -> None:
    sealed = HEAD | {"x-amz-server-side-encryption-customer-algorithm": "AES256"}
    with (
        service(lambda ask: answer(200, headers=sealed), tmp_path) as (place, _),
        pytest.raises(Unsupported, match="without that key"),
    ):
        place.share("/b/k", 60)


def test_it_ends_with_temporary_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    temporary = RefreshableCredentials("AK", SECRET, "token", ends, lambda: {}, "test")
    with service(_looked_at, tmp_path, access_key_id="") as (place, _):
        monkeypatch.setattr(place._session._signer, "_found", temporary)
        long, short = place.share("/b/k", WEEK), place.share("/b/k", 60)
    assert long.until == ends.timestamp() and "X-Amz-Security-Token=token" in long.url
    assert short.until is not None and short.until < ends.timestamp() - 3000


@pytest.mark.parametrize("token", ["", "of temporary keys"])
def test_it_says_that_it_may_end_sooner_where_nobody_knows_when_keys_do(
    token: str, tmp_path: Path
) -> None:
    with service(_looked_at, tmp_path) as (place, _):
        place._session._access.secrets.put(place._session.endpoint, "token", token)
        assert place.share("/b/k", WEEK).sooner == bool(token)


def test_keys_that_do_not_end_have_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with service(_looked_at, tmp_path, access_key_id="") as (place, _), Calls("").call() as call:
        signer = Signer("s3:", Options(), place._session._access)
        known = signer.keys(call)
    assert known is not None and known.until is None


def test_the_signature_is_that_of_the_specification() -> None:
    """SigV4 in the query, worked out by hand: fails when botocore changes what we rely on."""
    url = presigned("https://h/b/a/../c%20d?versionId=x%2Fy", Keys("AK", "secret", "tok"), "r", 60)
    base, _, signature = url.rpartition("&X-Amz-Signature=")
    query = base.partition("?")[2]
    said = {name: values[0] for name, values in parse_qs(query).items()}
    date = said["X-Amz-Date"]
    scope = f"{date[:8]}/r/s3/aws4_request"
    assert base.startswith("https://h/b/a/../c%20d?versionId=x%2Fy&")
    assert said["X-Amz-Credential"] == f"AK/{scope}" and said["X-Amz-Expires"] == "60"
    sorted_query = "&".join(sorted(query.split("&")))
    canonical = f"GET\n/b/a/../c%20d\n{sorted_query}\nhost:h\n\nhost\nUNSIGNED-PAYLOAD"
    key = b"AWS4secret"
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    told = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{told}"
    assert signature == hmac.digest(key, text.encode(), "sha256").hex()


def test_it_is_a_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), service(_looked_at, tmp_path) as (place, server):
        link = place.share("/b/k", 60)
        sent = [f"{ask.target} {ask.headers}" for ask in server.asks]
    signature = parse_qs(urlsplit(link.url).query)["X-Amz-Signature"][0]
    assert KEY_ID in link.url and SECRET not in link.url
    for told in (repr(link), str(link), caplog.text, *sent):
        assert signature not in told and "X-Amz-Signature" not in told


def test_nothing_that_is_signed_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "botocore")
    url = presigned("https://h/b/k", Keys("AK", "secret", "canary-token"), "r", 60)
    assert "canary-token" in url and "canary-token" not in caplog.text
