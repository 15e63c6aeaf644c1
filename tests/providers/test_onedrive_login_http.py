"""How MSAL reaches the login server: whom it trusts, and through which proxy."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from providers.access import Access
from providers.errors import Denied, Throttled, Unreachable
from providers.onedrive.app import App
from providers.onedrive.msal_client import DeviceFlow
from providers.onedrive.options import Options
from providers.onedrive.service import Service
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer

CLIENT = "6731de76-14a6-49ae-97bc-6eba6914391e"
CODE = {"user_code": "ABC", "device_code": "d", "verification_uri": "https://h/d", "expires_in": 9}


def login_server(ask: Ask, wire: Wire) -> None:
    """Knows one tenant, and gives a code."""
    assert "authorization" not in ask.headers and "cookie" not in ask.headers
    host = f"https://{ask.headers['host']}"
    if ask.method == "POST":
        return wire.say(answer(200, json.dumps(CODE).encode(), {"Set-Cookie": "a=b"}))
    told = {"issuer": f"{host}/common/v2.0", "authorization_endpoint": f"{host}/a"}
    told |= {"token_endpoint": f"{host}/t", "device_authorization_endpoint": f"{host}/d"}
    return wire.say(answer(200, json.dumps(told).encode(), {"Set-Cookie": "a=b"}))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[ScriptedHttp]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with ScriptedHttp(login_server, tls=context) as running:
        yield running


def begin(port: int, folder: Path, **options: object) -> str:
    """Ask the login server on that port for a code."""
    service = Service("", "https://graph.microsoft.com", f"localhost:{port}")
    given = Options(**options)  # type: ignore[arg-type]
    app = App("onedrive:", given, service, Access(folder / "hosts"), CLIENT, "common")
    return str(DeviceFlow(app, None).begin()["user_code"])


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login ann password canary-netrc\n")
    monkeypatch.setenv("NETRC", str(netrc))


def test_the_sites_own_authority_is_trusted(
    server: ScriptedHttp, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    assert begin(server.port, tmp_path, ca_bundle=bundle) == "ABC"


def test_another_authority_is_not(server: ScriptedHttp, tmp_path: Path) -> None:
    with pytest.raises(Denied, match="not trusted here") as caught:
        begin(server.port, tmp_path)
    assert "ca_bundle" in caught.value.advice
    assert not server.asks


def test_with_an_own_bundle_the_usual_authorities_count_no_more(
    server: ScriptedHttp, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    with pytest.raises(Denied, match="not trusted here"):
        begin(server.port, tmp_path, ca_bundle=other)


def test_a_redirect_is_not_followed(server: ScriptedHttp, bundle: Path, tmp_path: Path) -> None:
    def away(ask: Ask, wire: Wire) -> None:
        wire.say(answer(302, b"", {"Location": f"https://localhost:{server.port}/elsewhere"}))

    server.script = away
    with pytest.raises(Throttled, match="no proper answer"):
        begin(server.port, tmp_path, ca_bundle=bundle)
    assert len(server.asks) == 1


@pytest.mark.parametrize("how", ["site", "environment"])
def test_it_goes_through_the_proxy_that_is_meant(
    server: ScriptedHttp,
    bundle: Path,
    tmp_path: Path,
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuses(ask: Ask, wire: Wire) -> None:
        wire.say(answer(403))
        wire.hang_up()

    with ScriptedHttp(refuses) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.base if how == "environment" else "http://[::1]:1")
        told = {"proxy": proxy.base} if how == "site" else {}
        with pytest.raises(Unreachable, match="the proxy does not let"):
            begin(server.port, tmp_path, ca_bundle=bundle, **told)
        assert {(ask.method, ask.target) for ask in proxy.asks} == {
            ("CONNECT", f"localhost:{server.port}")
        }
        assert begin(server.port, tmp_path, ca_bundle=bundle, proxy="none") == "ABC"
