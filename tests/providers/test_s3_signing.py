"""Signatures: made by botocore, told what it needs, when a place is first asked something."""

from __future__ import annotations

import hashlib
import hmac
import logging
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from providers.access import Access, Secrets
from providers.environment import access_from
from providers.errors import AuthRequired, Denied, Secret
from providers.s3.options import Options, options_of
from providers.s3.provider import open_endpoint
from providers.s3.signing import UNSIGNED, Keys, Signer, signed
from providers.sites import Site, Sites
from providers.vault import NoVault
from providers.web.calls import Calls
from tests.servers.s3_servers import access_to

SESSION = "canary-session-token"


def test_the_signature_is_that_of_the_specification() -> None:
    """SigV4 worked out by hand: fails when botocore changes what we rely on."""
    keys = Keys("AK", "secret", SESSION)
    url = "https://b.s3.eu-central-1.amazonaws.com/a/../b//c%20d?list-type=2&prefix=x%2Fy"
    headers = signed("GET", url, {"Host": "b.s3.eu-central-1.amazonaws.com"}, UNSIGNED, keys, "r")
    date = headers["X-Amz-Date"]
    assert headers["X-Amz-Content-SHA256"] == UNSIGNED
    names = "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
    canonical = (
        "GET\n/a/../b//c%20d\nlist-type=2&prefix=x%2Fy\n"
        f"host:b.s3.eu-central-1.amazonaws.com\nx-amz-content-sha256:{UNSIGNED}\n"
        f"x-amz-date:{date}\nx-amz-security-token:{SESSION}\n\n{names}\n{UNSIGNED}"
    )
    scope = f"{date[:8]}/r/s3/aws4_request"
    told = hashlib.sha256(canonical.encode()).hexdigest()
    key = b"AWS4secret"
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{told}"
    made = hmac.digest(key, text.encode(), "sha256").hex()
    assert headers["Authorization"].endswith(f"SignedHeaders={names}, Signature={made}")


class _NotToBeAsked(NoVault):
    def get(self, endpoint: str, needs: Secret, subject: str) -> str | None:
        pytest.fail(f"the {needs} was looked for")


@pytest.mark.parametrize("token", [None, SESSION])
def test_keys_of_the_settings_take_nothing_from_a_keyring(
    tmp_path: Path, token: str | None
) -> None:
    settings = {
        "AWS_ACCESS_KEY_ID": "AK",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        **({"AWS_SESSION_TOKEN": token} if token else {}),
    }
    access = access_from(settings, tmp_path / "hosts", accept_new=False, vault=_NotToBeAsked())
    (site,) = access.sites.all()
    endpoint = access.sites.place(site).endpoint
    signer = Signer(endpoint, options_of(access.sites.options(endpoint)), access)
    calls = Calls(endpoint)
    with calls.call() as call:
        keys = signer.keys(call)
    assert keys is not None
    assert (keys.access, keys.secret, keys.token) == ("AK", "secret", token)


def test_botocore_is_not_imported_before_a_place_is_asked() -> None:
    code = (
        "import sys; from providers import registry; from providers.access import Access;"
        "from pathlib import Path; registry.kinds();"
        "registry.open_provider('s3:', Access(Path('x'))).close();"
        "assert not {'botocore', 'boto3', 'awscrt'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_nothing_that_is_signed_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        signed("GET", "http://h/", {"Host": "h"}, UNSIGNED, Keys("AK", "canary", SESSION), "r")
    assert SESSION not in caplog.text and "canary" not in caplog.text
    assert "canary" not in repr(Keys("AK", "canary", SESSION))


def test_a_secret_key_that_is_missing_is_asked_for(tmp_path: Path) -> None:
    endpoint, access = access_to("http://127.0.0.1:1", tmp_path)
    access.secrets.erase(endpoint, "password")
    place = open_endpoint(endpoint, access)
    with pytest.raises(AuthRequired) as caught:
        place.stat("/b/k")
    assert (caught.value.endpoint, caught.value.needs) == (endpoint, "password")


@pytest.mark.parametrize("asked", ["keys", "region"])
def test_a_profile_that_is_not_there_is_a_sentence(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    signer = Signer("s3:", Options(profile="missing"), Access(tmp_path / "known_hosts"))
    with Calls("s3:").call() as call, pytest.raises(Denied) as caught:
        getattr(signer, asked)(call)
    assert "“missing” cannot be had" in str(caught.value)
    assert "aws sso login --profile missing" in caught.value.advice


def test_a_profile_of_the_machine_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "[work]\naws_access_key_id = AKWORK\naws_secret_access_key = s\n"
    (tmp_path / "credentials").write_text(text)
    (tmp_path / "config").write_text("[profile work]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    signer = Signer("s3:", Options(profile="work"), Access(tmp_path / "known_hosts"))
    with Calls("s3:").call() as call:
        known = signer.keys(call)
        assert known is not None and known.access == "AKWORK"
        assert signer.region(call) == "eu-north-1"


def test_refused_keys_of_a_profile_are_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = tmp_path / "credentials"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    signer = Signer("s3:", Options(profile="work"), Access(tmp_path / "known_hosts"))
    found = []
    with Calls("s3:").call() as call:
        for access in ("AKOLD", "AKNEW", "AKNEWEST"):
            credentials.write_text(
                f"[work]\naws_access_key_id = {access}\naws_secret_access_key = s\n"
            )
            known = signer.keys(call)
            assert known is not None
            found.append(known.access)
            if access == "AKOLD":
                assert signer.refuse(known, token=True) is None
    assert found == ["AKOLD", "AKNEW", "AKNEW"]


def test_keys_are_refused_while_others_are_still_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search cannot be ended: who waits for it has a deadline, and `refuse` does not wait."""
    signer = Signer("s3:", Options(), Access(tmp_path / "known_hosts"))
    began, ended = threading.Event(), threading.Event()

    class Stuck:
        def get_credentials(self) -> None:
            began.set()
            ended.wait(30)

    monkeypatch.setattr(signer, "_session", Stuck)
    with ThreadPoolExecutor(2) as threads, Calls("s3:").call() as call:
        search = threads.submit(signer.keys, call)
        assert began.wait(30)
        refused = threads.submit(signer.refuse, Keys("AK", "secret"), token=True)
        try:
            assert refused.result(5) is None
        finally:
            ended.set()
        with pytest.raises(Denied, match="no AWS keys were found"):
            search.result(30)


def test_without_keys_nothing_is_signed(tmp_path: Path) -> None:
    sites = Sites(tmp_path / "sites.toml")
    site = sites.add(Site("open", "s3", {"anonymous": "yes"}))
    access = Access(tmp_path / "known_hosts", sites=sites, secrets=Secrets())
    signer = Signer(sites.place(site).endpoint, Options(anonymous=True), access)
    with Calls("s3:").call() as call:
        assert signer.keys(call) is None
