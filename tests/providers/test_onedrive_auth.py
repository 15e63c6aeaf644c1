"""Tokens for Graph: got, renewed in time, refused and demanded anew, against the emulator."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from providers.access import Access
from providers.environment import access_from
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    Denied,
    InvalidName,
    ProviderError,
    Throttled,
    Unreachable,
)
from providers.onedrive.auth import Tokens
from providers.onedrive.options import Options, options_of
from providers.onedrive.service import service_of
from providers.registry import open_provider
from providers.sandbox.graph.emulator import GraphServer
from providers.vault import NoVault
from providers.web.calls import Calls
from tests.servers.graph_account import Account, account

TOKEN_PATH = "/oauth2/v2.0/token"


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer("business") as made:
        yield made


@pytest.fixture
def home(server: GraphServer, tmp_path: Path) -> Account:
    return account(server, tmp_path)


class Clock:
    """Seconds, set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# A person ---------------------------------------------------------------------------------------


def test_before_anybody_has_signed_in_that_is_what_is_asked_for(home: Account) -> None:
    with pytest.raises(AuthRequired) as caught:
        home.token(home.tokens())
    assert (caught.value.endpoint, caught.value.needs) == (home.endpoint, "sign-in")
    assert "wharfie login work" in str(caught.value)


def test_a_signed_in_persons_token_opens_graph_and_is_asked_for_once(home: Account) -> None:
    home.sign_in()
    tokens = home.tokens()
    first = home.token(tokens)
    before = len(home.server.asked)
    assert home.ask(first) == (200, None)
    assert [home.token(tokens) for _ in range(5)] == [first] * 5
    assert len(home.server.asked) == before + 1


def test_a_token_is_renewed_before_it_ends(home: Account) -> None:
    home.sign_in()
    clock = Clock()
    options = options_of(home.access.sites.options(home.endpoint))
    tokens = Tokens(home.endpoint, options, home.access, clock=clock)
    home.token(tokens)
    discovered = home.asked("openid-configuration")
    clock.now += 28 * 3600 - 310
    home.token(tokens)
    assert home.asked("openid-configuration") == discovered
    clock.now += 20
    home.token(tokens)  # MSAL is asked, and sees by its own clock that it is good
    assert home.asked("openid-configuration") == discovered + 1


def test_tokens_that_live_minutes_only_are_renewed_as_well(home: Account) -> None:
    home.server.login.token_seconds = 60
    home.sign_in()
    tokens = home.tokens()
    assert home.ask(home.token(tokens)) == (200, None)
    renewals = home.asked(TOKEN_PATH)
    home.token(tokens)
    assert home.asked(TOKEN_PATH) == renewals


def test_a_refused_token_is_renewed_once_and_the_new_one_is_good(home: Account) -> None:
    home.sign_in()
    tokens = home.tokens()
    old = home.token(tokens)
    home.server.expire_tokens()
    status, claims = home.ask(old)
    assert status == 401
    tokens.refused(old, claims)
    new = home.token(tokens)
    assert new != old and home.ask(new) == (200, None)


def test_many_threads_that_are_refused_at_once_renew_once(home: Account) -> None:
    home.sign_in()
    tokens = home.tokens()
    old = home.token(tokens)
    home.server.expire_tokens()
    renewals = home.asked(TOKEN_PATH)

    def again(_: int) -> str:
        tokens.refused(old, None)
        return home.token(tokens)

    with ThreadPoolExecutor(8) as threads:
        got = set(threads.map(again, range(16)))
    assert len(got) == 1 and old not in got
    assert home.asked(TOKEN_PATH) == renewals + 1


def test_a_new_token_that_is_refused_as_well_wants_the_person(home: Account) -> None:
    home.sign_in()
    tokens = home.tokens()
    for _ in range(2):
        tokens.refused(home.token(tokens), None)
    with pytest.raises(AuthRequired, match="refuses the tokens") as caught:
        home.token(tokens)
    assert caught.value.needs == "sign-in"
    home.sign_in()
    assert home.ask(home.token(tokens)) == (200, None)


def test_a_challenge_is_answered_with_its_claims(home: Account) -> None:
    """C: Graph revokes tokens at once where the client said that it understands (CAE)."""
    home.sign_in()
    tokens = home.tokens()
    old = home.token(tokens)
    home.server.revoke_tokens()
    status, claims = home.ask(old)
    assert status == 401 and claims
    tokens.refused(old, claims)
    assert home.ask(home.token(tokens)) == (200, None)


def test_a_challenge_that_a_renewal_cannot_answer_goes_to_whoever_signs_in(home: Account) -> None:
    home.sign_in()
    tokens = home.tokens()
    old = home.token(tokens)
    home.server.revoke_tokens()
    home.server.revoke_refresh_tokens()
    _, claims = home.ask(old)
    tokens.refused(old, claims)
    with pytest.raises(AuthRequired, match="AADSTS50173"):
        home.token(tokens)
    home.sign_in()
    assert home.ask(home.token(tokens)) == (200, None)
    assert all(subject != "claims" for _, subject, _ in home.access.secrets.of(home.endpoint))


@pytest.mark.parametrize("claims", ["", "=", "no base64!", base64.b64encode(b"[1]").decode(), "é"])
def test_a_challenge_that_makes_no_sense_is_a_plain_refusal(home: Account, claims: str) -> None:
    home.sign_in()
    tokens = home.tokens()
    old = home.token(tokens)
    tokens.refused(old, claims)
    assert home.token(tokens) != old


def test_a_revoked_sign_in_wants_the_person(home: Account) -> None:
    home.sign_in()
    tokens = home.tokens()
    home.server.revoke_refresh_tokens()
    tokens.refused(home.token(tokens), None)
    with pytest.raises(AuthRequired, match="sign in again") as caught:
        home.token(tokens)
    assert "Trace ID" not in str(caught.value)


# Processes --------------------------------------------------------------------------------------


def test_another_process_is_let_in_by_the_sign_in_of_this_one(home: Account) -> None:
    """The queue's process only reads what the screen kept."""
    other = home.another_process()
    tokens = other.tokens()
    with pytest.raises(AuthRequired):
        other.token(tokens)
    home.sign_in()
    for needs, subject, value in home.access.secrets.of(home.endpoint):
        other.access.secrets.put(other.endpoint, needs, value, subject)
    assert other.ask(other.token(tokens)) == (200, None)


def test_what_one_process_renewed_the_other_takes(home: Account) -> None:
    home.sign_in()
    mine, other = home.tokens(), home.another_process()
    theirs = other.tokens()
    old = home.token(mine)
    assert other.token(theirs) == old
    mine.refused(old, None)
    new = home.token(mine)
    renewals = home.asked(TOKEN_PATH)
    theirs.refused(old, None)
    assert other.token(theirs) == new
    assert home.asked(TOKEN_PATH) == renewals


def test_without_a_vault_the_queue_is_let_in_by_the_grant(
    server: GraphServer, tmp_path: Path
) -> None:
    home = account(server, tmp_path, vault=NoVault())
    home.sign_in()
    other = home.another_process()
    with pytest.raises(AuthRequired):
        other.token(other.tokens())
    for needs, subject, value in home.access.secrets.of(home.endpoint):
        other.access.secrets.put(other.endpoint, needs, value, subject)
    assert other.ask(other.token(other.tokens())) == (200, None)
    assert not [*tmp_path.rglob("*.sealed")]


# Apps and tokens --------------------------------------------------------------------------------


def app_home(server: GraphServer, folder: Path, **values: str) -> Account:
    given = {"sign_in": "secret", "drive": server.drive_id, "tenant": server.tenant} | values
    return account(server, folder, **given)


def test_an_app_signs_in_with_its_secret_and_has_no_drive_of_its_own(
    server: GraphServer, tmp_path: Path
) -> None:
    home = app_home(server, tmp_path)
    home.access.secrets.put(home.endpoint, "password", server.client_secret)
    tokens = home.tokens()
    token = home.token(tokens)
    assert tokens.app_only
    assert home.ask(token)[0] == 400
    assert home.ask(token, f"/drives/{server.drive_id}") == (200, None)
    assert home.token(tokens) == token
    tokens.refused(token, None)
    assert home.token(tokens) != token


def test_a_secret_that_is_refused_is_asked_for_again(server: GraphServer, tmp_path: Path) -> None:
    home = app_home(server, tmp_path)
    tokens = home.tokens()
    with pytest.raises(AuthRequired) as caught:
        home.token(tokens)
    assert (caught.value.needs, caught.value.rejected) == ("password", False)
    home.access.secrets.put(home.endpoint, "password", "canary-wrong")
    with pytest.raises(AuthRequired, match="AADSTS7000215") as caught:
        home.token(tokens)
    assert (caught.value.needs, caught.value.rejected) == ("password", True)
    home.access.secrets.put(home.endpoint, "password", server.client_secret)
    assert home.token(tokens)


def test_a_listing_says_that_the_secret_was_refused(server: GraphServer, tmp_path: Path) -> None:
    """Not that one is needed, which is so once the wrong one has been dropped."""
    home = app_home(server, tmp_path)
    home.access.secrets.put(home.endpoint, "password", "canary-wrong")
    with (
        closing(open_provider(home.endpoint, home.access)) as place,
        pytest.raises(AuthRequired, match="AADSTS7000215") as caught,
    ):
        list(place.list_dir("/"))
    assert caught.value.rejected
    assert home.asked("/token") == 1


@pytest.mark.parametrize("passphrase", [None, b"canary-passphrase"])
def test_an_app_signs_in_with_a_certificate(
    server: GraphServer, tmp_path: Path, passphrase: bytes | None
) -> None:
    issued = trustme.CA().issue_cert("app.example", key_type=trustme.KeyType.RSA)
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    how = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)
    path = tmp_path / "app.pem"
    path.write_bytes(pem + issued.cert_chain_pems[0].bytes())
    home = app_home(server, tmp_path, sign_in="certificate", client_cert=str(path))
    if passphrase is not None:
        with pytest.raises(AuthRequired) as caught:
            home.token(home.tokens())
        assert (caught.value.needs, caught.value.subject) == ("passphrase", str(path))
        home.access.secrets.put(home.endpoint, "passphrase", passphrase.decode(), str(path))
    assert home.ask(home.token(home.tokens()), f"/drives/{server.drive_id}") == (200, None)


def test_a_certificate_that_is_none_is_a_sentence(server: GraphServer, tmp_path: Path) -> None:
    path = tmp_path / "app.pem"
    path.write_text("nothing")
    home = app_home(server, tmp_path, sign_in="certificate", client_cert=str(path))
    with pytest.raises(Denied, match="holds no certificate"):
        home.token(home.tokens())


def settings_access(settings: dict[str, str], folder: Path) -> Access:
    return access_from(settings, folder / "hosts", accept_new=False)


def test_a_token_of_the_settings_is_used_as_it_is(server: GraphServer, tmp_path: Path) -> None:
    given = server.issue_token()
    access = settings_access(server.environment() | {"GRAPH_TOKEN": given}, tmp_path)
    (site,) = access.sites.all()
    endpoint = access.sites.place(site).endpoint
    home = Account(server, tmp_path, NoVault(), access, endpoint)
    tokens = home.tokens()
    assert home.token(tokens) == given
    assert home.asked("openid-configuration") == 0
    tokens.refused(given, None)
    with pytest.raises(AuthRequired) as caught:
        home.token(tokens)
    assert (caught.value.needs, caught.value.rejected) == ("token", True)
    access.secrets.answer(caught.value, new := server.issue_token())
    assert home.token(tokens) == new


def test_the_settings_secret_opens_saved_sites_of_its_app(
    server: GraphServer, tmp_path: Path
) -> None:
    home = app_home(server, tmp_path, client_id="", tenant="")
    given = {
        "AZURE_CLIENT_ID": server.client_id,
        "AZURE_TENANT_ID": server.tenant,
        "AZURE_CLIENT_SECRET": server.client_secret,
    }
    access = access_from(
        server.environment() | given,
        tmp_path / "hosts",
        accept_new=False,
        sites_file=tmp_path / "sites.toml",
    )
    there = Account(server, tmp_path, NoVault(), access, home.endpoint)
    assert there.ask(there.token(there.tokens()), f"/drives/{server.drive_id}") == (200, None)
    assert access.secrets.of(home.endpoint), "the queue is granted what opens it"


def test_what_is_no_token_is_never_sent(server: GraphServer, tmp_path: Path) -> None:
    home = account(server, tmp_path, sign_in="token")
    home.access.secrets.put(home.endpoint, "token", "two\r\nHost: evil")
    with pytest.raises(Denied, match="no access token"):
        home.token(home.tokens())


# What goes wrong --------------------------------------------------------------------------------


def test_without_an_apps_id_the_sentence_says_how_to_get_one(
    server: GraphServer, tmp_path: Path
) -> None:
    home = account(server, tmp_path, client_id="")
    with pytest.raises(Denied) as caught:
        home.token(home.tokens())
    assert "AZURE_CLIENT_ID" in caught.value.advice and "entra.microsoft.com" in str(caught.value)


def test_a_tenant_that_nobody_knows_is_a_sentence(server: GraphServer, tmp_path: Path) -> None:
    home = account(server, tmp_path, tenant="nowhere.example")
    with pytest.raises(Denied, match="knows no tenant “nowhere"):
        home.attempt().begin()


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_login_server_in_trouble_is_waited_for(home: Account, status: int) -> None:
    home.sign_in()
    tokens = home.tokens()
    tokens.refused(home.token(tokens), None)
    home.server.fail(status, body=b"<html>busy</html>", method="POST", path=TOKEN_PATH)
    with pytest.raises(Throttled) as caught:
        home.token(tokens)
    assert (caught.value.endpoint, caught.value.retry_after) == (home.endpoint, 60)
    assert home.token(tokens), "the next attempt asks the server again"


def test_a_login_server_that_names_a_time_is_left_alone_so_long(home: Account) -> None:
    home.sign_in()
    tokens = home.tokens()
    tokens.refused(home.token(tokens), None)
    how = {"method": "POST", "path": TOKEN_PATH, "headers": {"Retry-After": "17"}}
    home.server.fail(429, body=b'{"error": "temporarily_unavailable"}', **how)  # type: ignore[arg-type]
    with pytest.raises(Throttled) as caught:
        home.token(tokens)
    assert caught.value.retry_after == 17


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"access_token": 5}'])
def test_an_answer_that_makes_no_sense_is_no_crash(home: Account, body: bytes) -> None:
    home.sign_in()
    tokens = home.tokens()
    tokens.refused(home.token(tokens), None)
    home.server.fail(200, body=body, method="POST", path=TOKEN_PATH)
    with pytest.raises(ProviderError):
        home.token(tokens)


def test_a_login_server_that_is_not_there_is_unreachable(home: Account) -> None:
    home.sign_in()
    home.server.close()
    tokens = home.another_process().tokens()
    with pytest.raises(Unreachable, match="does not answer"):
        home.token(tokens)


def test_an_answer_that_is_lost_is_a_lost_connection(home: Account) -> None:
    home.sign_in()
    tokens = home.tokens()
    tokens.refused(home.token(tokens), None)
    home.server.lose_answer(method="POST", path=TOKEN_PATH)
    with pytest.raises(ConnectionLost):
        home.token(tokens)
    assert home.token(tokens)


def test_a_call_that_is_ended_waits_for_no_login_server(home: Account) -> None:
    home.sign_in()
    tokens, calls = home.tokens(), Calls(home.endpoint)
    world = home.server.world
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            with calls.call() as call:
                under_way.set()
                tokens.token(call)
        except ConnectionLost as error:
            ended.append(error)

    under_way = threading.Event()
    thread = threading.Thread(target=ask)
    with world.lock:  # nothing is answered
        thread.start()
        assert under_way.wait(30)
        calls.close()
        thread.join(30)
        assert ended


@pytest.mark.parametrize(
    "address",
    [
        *("http://example.com", "http://127.0.0.1.example.com/", "http://ann@127.0.0.1/"),
        *("ftp://[::1]/", "http://10.0.0.1:8080", "//127.0.0.1", "http://127.0.0.1:port/"),
        *("http://[::1/", "http://127.0.0.1/?x", "http://127.0.0.1/#x", "http://0.0.0.0:8080"),
        *("http://127.0.0.1%x.example.com", "http://example.com\\.localhost", "http://a.localhost"),
        *("http://[::1%example.com]", "http://[2002:7f00:1::1]", "http://[64:ff9b::7f00:1]"),
        *("http://example.com;.localhost", "http://127.0.0.1\\@example.com/", "http://2130706433"),
    ],
)
@pytest.mark.parametrize("name", ["WHARFIE_GRAPH_BASE", "WHARFIE_LOGIN_BASE"])
def test_an_emulator_elsewhere_gets_no_tokens(name: str, address: str, tmp_path: Path) -> None:
    access = Access(tmp_path / "hosts", settings={name: address})
    with pytest.raises(InvalidName) as caught:
        Tokens("onedrive:", Options(), access)
    assert caught.value.path == name


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080", "https://localhost/", "http://[::1]"])
def test_an_emulator_on_this_computer_stands_in(address: str) -> None:
    service = service_of("global", {"WHARFIE_LOGIN_BASE": address})
    assert service.login_base == address.rstrip("/")
    assert service.graph == "https://graph.microsoft.com/v1.0"


def test_msal_is_not_imported_before_a_place_is_asked() -> None:
    code = (
        "import sys; from providers import registry; from providers.access import Access;"
        "from pathlib import Path; registry.kinds();"
        "from providers.onedrive.auth import Tokens;"
        "from providers.onedrive.options import Options;"
        "Tokens('onedrive:', Options(), Access(Path('x')));"
        "registry.sign_in('onedrive:', Access(Path('x')));"
        "assert not {'msal', 'requests'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_no_token_is_logged_or_told(home: Account, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        home.sign_in()
        tokens = home.tokens()
        token = home.token(tokens)
        tokens.refused(token, None)
        new = home.token(tokens)
        home.server.revoke_refresh_tokens()
        tokens.refused(new, None)
        with pytest.raises(AuthRequired) as caught:
            home.token(tokens)
    kept = json.dumps([value for *_, value in home.access.secrets.of(home.endpoint)])
    for secret in (token, new, *json.loads(kept)):
        assert secret not in caplog.text + str(caught.value)
