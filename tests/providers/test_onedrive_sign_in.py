"""A person signs in with a code, or in a browser: what they see, and what comes of it."""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.parse
import urllib.request
import webbrowser
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from providers.errors import ConnectionLost, Denied, ProviderError
from providers.onedrive import msal_client
from providers.onedrive.sign_in import has_browser
from providers.registry import sign_in
from providers.sandbox.graph.emulator import GraphServer
from providers.site_secrets import remove
from providers.vault import KeyringVault
from tests.servers import keyrings
from tests.servers.graph_account import NAME, Account, account

CODE_PATH = "/devicecode"


@pytest.fixture(params=["personal", "business"])
def server(request: pytest.FixtureRequest) -> Iterator[GraphServer]:
    with GraphServer(request.param) as made:
        yield made


@pytest.fixture
def home(server: GraphServer, tmp_path: Path) -> Account:
    return account(server, tmp_path)


def said(home: Account, **told: object) -> None:
    """What the server says to the next request for a code."""
    usual = {"user_code": "ABC", "device_code": "d", "verification_uri": "https://h/d"}
    usual |= {"expires_in": 900, "interval": 5}
    body = json.dumps(usual | told).encode()
    home.server.fail(200, body=body, method="POST", path=CODE_PATH)


def test_a_code_is_waited_for_until_the_person_has_decided(home: Account) -> None:
    home.server.login.interval = 1
    attempt = home.attempt()
    code = attempt.begin()
    assert code.seconds == 900 and code.url.endswith("/devicelogin")
    assert code.code not in repr(code)
    polls = home.asked("/token")
    timer = threading.Thread(target=lambda: _decide_after(home, code.code, polls))
    timer.start()
    signed_in = attempt.wait()
    timer.join()
    assert (signed_in.account, signed_in.remark) == (home.server.user, "")
    assert home.ask(home.token(home.tokens())) == (200, None)


def _decide_after(home: Account, code: str, polls: int) -> None:
    while home.asked("/token") == polls:
        time.sleep(0.01)
    home.server.login.decide(code, "yes")


def test_who_declines_is_not_signed_in(home: Account) -> None:
    attempt = home.attempt()
    home.server.login.decide(attempt.begin().code, "no")
    with pytest.raises(Denied, match="declined"):
        attempt.wait()
    with pytest.raises(ProviderError):
        home.token(home.tokens())


def test_a_code_that_ran_out_is_said_to_have(home: Account) -> None:
    attempt = home.attempt()
    attempt.begin()
    home.server.login.expire_devices()
    with pytest.raises(Denied, match="the code has expired"):
        attempt.wait()


def test_cancelling_ends_the_waiting_at_once_and_keeps_nothing(home: Account) -> None:
    attempt = home.attempt()
    code = attempt.begin()
    ended: list[BaseException] = []

    def wait() -> None:
        try:
            attempt.wait()
        except ConnectionLost as error:
            ended.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while not home.asked("/token"):
        time.sleep(0.01)
    attempt.cancel()
    thread.join(3)
    assert ended and not thread.is_alive()
    home.server.login.decide(code.code, "yes")
    with pytest.raises(ConnectionLost):
        attempt.begin()
    with pytest.raises(ProviderError):
        home.token(home.tokens())


@pytest.mark.parametrize(
    "page",
    [
        *("", "http://h.example/d", "javascript:alert(1)", "https://", "https://h/\x1b[2J"),
        *("file:///x", "https://h/ d", "https://h/\u202e", "https://[/"),
    ],
)
def test_a_page_that_could_be_a_trick_is_not_shown(home: Account, page: str) -> None:
    said(home, verification_uri=page)
    with pytest.raises(Denied, match="no safe web address") as caught:
        home.attempt().begin()
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("told", [{"user_code": ""}, {"user_code": "X" * 5000}])
def test_a_code_that_nobody_could_type_is_not_shown(home: Account, told: dict[str, str]) -> None:
    said(home, **told)
    with pytest.raises(Denied):
        home.attempt().begin()


@pytest.mark.parametrize("told", [{"interval": -5}, {"interval": 10**9}, {"expires_in": 10**12}])
def test_times_that_make_no_sense_are_bounded(home: Account, told: dict[str, int]) -> None:
    said(home, **told)
    assert 0 < home.attempt().begin().seconds <= 3600


def test_a_refusal_is_a_sentence_without_the_servers_numbers(home: Account) -> None:
    body = (
        b'{"error": "invalid_client", "error_description": "AADSTS7000218: The request body must'
        b' contain\\u001b[2J: client_assertion.\\r\\nTrace ID: 1234"}'
    )
    home.server.fail(401, body=body, method="POST", path=CODE_PATH)
    with pytest.raises(Denied) as caught:
        home.attempt().begin()
    assert "Allow public client flows" in caught.value.advice
    assert "Trace ID" not in str(caught.value) and "\x1b" not in str(caught.value)


def test_a_poll_that_is_lost_or_refused_for_a_while_is_no_end(home: Account) -> None:
    home.server.login.interval = 1
    attempt = home.attempt()
    code = attempt.begin()
    home.server.login.decide(code.code, "yes")
    home.server.fail(503, body=b"busy", method="POST", path="/token")
    home.server.drop_request(0, where="graph", method="POST", path="/token", skip=1)
    assert attempt.wait().account == home.server.user


# Whose site it is -------------------------------------------------------------------------------


def test_another_account_than_the_sites_is_not_taken(server: GraphServer, tmp_path: Path) -> None:
    home = account(server, tmp_path, account="someone@else.example")
    with pytest.raises(Denied, match="this site is for someone"):
        home.sign_in()
    with pytest.raises(ProviderError):
        home.token(home.tokens())


def test_the_sites_account_is_taken_in_any_letter_case(server: GraphServer, tmp_path: Path) -> None:
    home = account(server, tmp_path, account=server.user.upper())
    assert home.sign_in().account == server.user


def test_a_site_stays_with_the_account_that_signed_in_first(home: Account) -> None:
    """What waits in the queue for one drive does not go to another."""
    home.sign_in()
    home.server.world.user_id = "another"
    with pytest.raises(Denied, match="needs a site of its own"):
        home.sign_in()
    remove(NAME, home.access)
    again = account(home.server, home.folder, vault=home.vault)
    assert again.sign_in().account


@pytest.mark.parametrize("trouble", ["locked", "another keyring", "damaged", "mode"])
def test_it_stays_with_it_where_what_was_kept_cannot_be_opened(home: Account, trouble: str) -> None:
    home.sign_in()
    before = home.server.world.user_id
    (kept,) = (home.folder / "sign-ins").glob("*.sealed")
    later = home.another_process()
    if trouble == "damaged":
        kept.write_bytes(b"garbage")
    elif trouble == "mode":
        kept.chmod(0o644)
    else:
        keyring = keyrings.Locked() if trouble == "locked" else keyrings.Good()
        later = home.another_process(vault=KeyringVault(keyring))
    home.server.world.user_id = "another"
    with pytest.raises(Denied, match="this site is for"):
        later.sign_in()
    with pytest.raises(ProviderError):
        later.token(later.tokens())
    home.server.world.user_id = before
    later.sign_in()
    assert later.ask(later.token(later.tokens())) == (200, None)


def test_a_sign_in_goes_with_its_site(home: Account) -> None:
    home.sign_in()
    assert [*(home.folder / "sign-ins").glob("*.sealed")]
    remove(NAME, home.access)
    assert not [*(home.folder / "sign-ins").iterdir()]


def test_nobody_signs_in_where_an_app_or_a_token_does(server: GraphServer, tmp_path: Path) -> None:
    for values in ({"sign_in": "token"}, {"sign_in": "secret", "drive": "x", "tenant": "t"}):
        home = account(server, tmp_path, **values)
        assert sign_in(home.endpoint, home.access) is None
    assert sign_in("sftp://h:22", home.access) is None


# In a browser -----------------------------------------------------------------------------------


@pytest.fixture
def pages() -> list[str]:
    """What the browser shows in the end."""
    return []


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch, pages: list[str]) -> list[str]:
    """One that allows everything: it follows the page and sends the form in it."""
    opened: list[str] = []

    def visit(url: str) -> None:
        page = urllib.request.urlopen(url, timeout=30).read().decode()
        action = unescape(re.search(r'action="([^"]*)"', page)[1])  # type: ignore[index]
        fields = re.findall(r'name="([^"]*)" value="([^"]*)"', page)
        form = urllib.parse.urlencode({unescape(k): unescape(v) for k, v in fields}).encode()
        pages.append(urllib.request.urlopen(action, form, timeout=30).read().decode())

    def open_page(url: str, new: int = 0, autoraise: bool = True) -> bool:
        opened.append(url)
        threading.Thread(target=visit, args=(url,)).start()
        return True

    class Visiting(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
            return open_page(url)

    monkeypatch.setattr(webbrowser, "open", open_page)
    monkeypatch.setattr(webbrowser, "get", lambda *_: Visiting("visiting"))
    return opened


def test_a_browser_signs_in_with_code_and_pkce(home: Account, browser: list[str]) -> None:
    assert home.attempt().in_browser().account == home.server.user
    (asked,) = browser
    given = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(asked).query))
    assert given["code_challenge_method"] == "S256"
    assert given["prompt"] == "select_account"
    assert set(given["scope"].split()) >= {"Files.ReadWrite.All", "User.Read", "offline_access"}
    assert home.ask(home.token(home.tokens())) == (200, None)


def test_the_sites_account_is_proposed_in_the_browser(
    server: GraphServer, tmp_path: Path, browser: list[str]
) -> None:
    home = account(server, tmp_path, account=server.user)
    home.attempt().in_browser()
    assert f"login_hint={urllib.parse.quote(server.user, safe='')}" in browser[0]


def test_who_declines_in_the_browser_is_not_signed_in(home: Account, browser: list[str]) -> None:
    home.server.login.declines = True
    with pytest.raises(Denied, match="declined"):
        home.attempt().in_browser()


def test_an_answer_for_another_question_is_not_taken(home: Account, browser: list[str]) -> None:
    home.server.login.wrong_nonce = True
    with pytest.raises(ProviderError):
        home.attempt().in_browser()
    with pytest.raises(ProviderError):
        home.token(home.tokens())


def test_a_browser_in_which_nobody_signs_in_is_said_to_be_one(
    home: Account, browser: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in (webbrowser, type(webbrowser.get())):
        monkeypatch.setattr(where, "open", lambda *_, **__: True)
    monkeypatch.setattr(msal_client, "_BROWSER_SECONDS", 0.2)
    with pytest.raises(Denied, match="nobody signed in"):
        home.attempt().in_browser()


def test_without_a_browser_nobody_waits_for_one(
    home: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: str) -> webbrowser.BaseBrowser:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", none)
    with pytest.raises(Denied, match="no browser") as caught:
        home.attempt().in_browser()
    assert "code" in caught.value.advice
    assert home.server.asked == []


def test_the_page_does_not_say_that_somebody_is_signed_in(
    server: GraphServer, tmp_path: Path, browser: list[str], pages: list[str]
) -> None:
    """It is shown before that is known: here, somebody else signs in."""
    home = account(server, tmp_path, account="someone@else.example")
    with pytest.raises(Denied, match="this site is for someone"):
        home.attempt().in_browser()
    while not pages:
        time.sleep(0.01)
    (page,) = pages
    assert "Wharfie" in page and "is signed in" not in page


@pytest.mark.parametrize(
    ("environ", "there"),
    [
        ({}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "w"}, True),
        ({"BROWSER": "x"}, True),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "x"}, False),
    ],
)
def test_a_browser_is_offered_where_the_person_sees_it(
    environ: dict[str, str], there: bool, monkeypatch: pytest.MonkeyPatch, browser: list[str]
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert has_browser(environ) == there


def test_a_browser_that_would_take_over_the_terminal_is_not_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webbrowser, "get", lambda *_: webbrowser.GenericBrowser("lynx"))
    assert not has_browser({"DISPLAY": ":0"})
