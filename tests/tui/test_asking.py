"""What a place asks at its first real call: on a terminal the person is asked, else it is a
sentence that says what to do. The same for every kind of place."""

from __future__ import annotations

import getpass
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Entry, Place, Provider
from providers.errors import AuthRequired
from providers.local import LocalProvider
from providers.location import LOCAL, parse
from providers.registry import open_provider
from providers.sites import Site, Sites
from tests.servers.password_ssh import PASSWORD, USER, PasswordSSH
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.servers.web_servers import Apache, Nginx, find_apache, find_nginx
from tests.tui.cli_runner import wharfie
from tests.tui.terminal import Terminal as Tmux
from tests.tui.terminal import tmux_found
from transfers.engine import Engine
from transfers.model import Enqueue, Hold, NewJob, Op
from transfers.pool import ProviderPool
from tui.headless import sign_in
from tui.headless.copy import CopyOrder, plan, run_copy
from tui.headless.ls import run_ls
from tui.headless.queue_run import run_what_is_left
from tui.headless.sign_in import asking
from tui.headless.sites import SitesOrder, run_sites
from tui.settings import Home, find_home, make_private

KINDS = ("http", "dav", "sftp", "token")
PAGE = b'<html><head><title>Index of /</title></head><body><a href="f">f</a></body></html>'


@dataclass(frozen=True)
class Guarded:
    """A place with a file “f” that one secret opens. `needs`: what that is."""

    endpoint: str
    secret: str
    needs: str = "password"

    def path_of(self, local: Path) -> str:
        """Where its files are; over SFTP it is this computer."""
        return str(local) if self.endpoint.startswith("sftp:") else f"/{local.name}"


def only_with_token(ask: Ask, wire: Wire) -> None:
    if ask.headers.get("authorization") != f"Bearer {PASSWORD}":
        wire.say(answer(401, b"", {"WWW-Authenticate": "Bearer"}))
    elif ask.target == "/":
        wire.say(answer(200, b"" if ask.method == "HEAD" else PAGE, {"Content-Type": "text/html"}))
    else:
        body = b"" if ask.method == "HEAD" else b"content"
        wire.say(answer(200, body, {"Content-Length": "7", "ETag": '"1"'}))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Guarded]]:
    if find_apache() is None or find_nginx() is None:
        pytest.skip("no web servers here: install apache2-bin and nginx")
    make, people = tmp_path_factory.mktemp, (USER, PASSWORD)
    with (
        Apache(make("apache"), dav=True, sign_in=people) as apache,
        Nginx(make("nginx"), dav=True, sign_in=people) as nginx,
        PasswordSSH(make("ssh")) as ssh,
        ScriptedHttp(only_with_token) as bearer,
    ):
        (apache.root / "f").write_bytes(b"content")
        yield {
            "http": Guarded(f"http://{USER}@127.0.0.1:{apache.port}", PASSWORD),
            "dav": Guarded(f"dav://{USER}@127.0.0.1:{apache.port}", PASSWORD),
            "put": Guarded(f"http://{USER}@127.0.0.1:{nginx.port}", PASSWORD),
            "sftp": Guarded(ssh.endpoint, PASSWORD),
            "token": Guarded(bearer.base, PASSWORD, "token"),
        }


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, guarded: dict[str, Guarded]) -> Guarded:
    return guarded[request.param]


class Person:
    """Who sits at a terminal: what they were asked, and what they type, the next one first."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.types: list[str] = []

    def __call__(self, prompt: str, stream: object = None) -> str:
        self.asked.append(prompt)
        if not self.types:
            raise EOFError
        return self.types.pop(0)


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    there = Person()
    monkeypatch.setattr(sign_in, "_interactive", lambda: True)
    monkeypatch.setattr(getpass, "getpass", there)
    return there


@pytest.fixture
def home(isolated_home: Path) -> Home:
    found = find_home(os.environ)
    make_private(found.queue)
    return found


@pytest.fixture
def access(home: Home) -> Access:
    sites = Sites(home.sites_file)
    return Access(home.known_hosts, sites=sites, accept_new=True, use_agent=False)


def test_ls_asks(
    place: Guarded, access: Access, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    person.types = ["wrong", place.secret]
    assert run_ls(parse(f"{place.endpoint}/", access.sites), access, as_json=True) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["entries"] >= 1
    first, second = person.asked
    assert first == f"{place.needs} for {place.endpoint}: "
    assert second == f"not accepted; {first}"


def test_copy_asks(
    place: Guarded, access: Access, home: Home, person: Person, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(b"content")
    source = f"{place.endpoint}{place.path_of(tmp_path / 'f')}"
    person.types = [place.secret]
    assert run_copy(CopyOrder((source,), f"{tmp_path / 'to'}/"), home, access) == 0
    assert (tmp_path / "to" / "f").read_bytes() == b"content"
    assert len(person.asked) == 1


@pytest.mark.parametrize(("name", "end"), [("file", ""), ("folder", "/")])
@pytest.mark.parametrize("kind", ["dav", "sftp", "put"])
def test_copy_asks_for_its_target_however_that_is_named(
    guarded: dict[str, Guarded],
    access: Access,
    home: Home,
    person: Person,
    tmp_path: Path,
    kind: str,
    name: str,
    end: str,
) -> None:
    (tmp_path / "new").write_bytes(b"new")
    place = guarded[kind]
    person.types = [place.secret]
    target = f"{place.endpoint}{place.path_of(tmp_path / name)}{end}"
    assert run_copy(CopyOrder((str(tmp_path / "new"),), target), home, access) == 0
    assert len(person.asked) == 1


def test_every_place_asks_before_a_tree_is_walked(
    guarded: dict[str, Guarded], access: Access, person: Person, tmp_path: Path
) -> None:
    (tmp_path / "tree" / "inside").mkdir(parents=True)
    walked: list[str] = []

    class Watched(LocalProvider):
        def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
            walked.append(path)
            return super().list_dir(path)

    def open_one(endpoint: str) -> Provider:
        return Watched() if endpoint == LOCAL else open_provider(endpoint, access)

    with closing(ProviderPool(open_one)) as pool, pytest.raises(AuthRequired):
        order = CopyOrder((str(tmp_path / "tree"), f"{guarded['http'].endpoint}/f"), str(tmp_path))
        asking(access, lambda: plan(order, pool))
    assert len(person.asked) == 1 and walked == []


def test_a_test_of_a_site_asks(
    guarded: dict[str, Guarded],
    access: Access,
    person: Person,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = guarded["token"].endpoint
    access.sites.add(Site("api", "http", {"url": f"{url}/", "auth": "bearer"}))
    person.types = [PASSWORD]
    assert run_sites(SitesOrder("test", ("api",)), access) == 0
    assert "it works: 1 entry in /" in capsys.readouterr().out


def test_what_is_left_in_the_queue_asks_when_it_is_run(
    place: Guarded, access: Access, home: Home, person: Person, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(b"content")
    source = Place(place.endpoint, place.path_of(tmp_path / "f"))
    copy = NewJob(Op.COPY, source, Place(LOCAL, str(tmp_path / "copied")))
    engine = Engine(home.queue, lambda endpoint: open_provider(endpoint, access))
    try:
        engine.send(Hold())
        engine.send(Enqueue((copy,)))
    finally:
        engine.close()
    person.types = [place.secret]
    assert run_what_is_left(home, access, {}, as_json=False) == 0
    assert (tmp_path / "copied").read_bytes() == b"content"
    assert len(person.asked) == 1


def test_three_wrong_answers_end_the_asking(place: Guarded, access: Access, person: Person) -> None:
    person.types = ["wrong"] * 5
    with pytest.raises(AuthRequired):
        run_ls(parse(f"{place.endpoint}/", access.sites), access, as_json=True)
    assert len(person.asked) == 3


@pytest.mark.parametrize("typed", [[], [""]])
def test_no_answer_ends_the_asking(
    place: Guarded, access: Access, person: Person, typed: list[str]
) -> None:
    person.types = typed
    with pytest.raises(AuthRequired):
        run_ls(parse(f"{place.endpoint}/", access.sites), access, as_json=True)
    assert len(person.asked) == 1


def test_without_a_terminal_the_sentence_names_the_command(place: Guarded, home: Home) -> None:
    (home.config / "settings.toml").write_text('secrets = "ask"\n')
    option = " --secret token" if place.needs == "token" else ""
    for words in (("ls", f"{place.endpoint}/"), ("copy", f"{place.endpoint}/f", home.queue)):
        done = wharfie(*words, "--accept-new")
        assert done.code == 1
        assert f"“wharfie login {place.endpoint}{option}” keeps it." in done.err
        assert done.err.count("\n") == 1


def test_without_a_terminal_a_site_is_named_by_its_name(
    guarded: dict[str, Guarded], home: Home
) -> None:
    url = guarded["http"].endpoint
    words = ("sites", "add", "web", "--kind", "http", "--set", f"url={url}/", "--set", "auth=basic")
    assert wharfie(*words).code == 0
    assert "“wharfie login web” keeps it." in wharfie("ls", "web:").err
    assert "“wharfie login web” keeps it." in wharfie("sites", "test", "web").out


@pytest.mark.skipif(not tmux_found(), reason="no tmux here: install tmux")
@pytest.mark.parametrize("kind", ["http", "dav"])
def test_on_a_real_terminal_the_password_is_typed_unseen(
    guarded: dict[str, Guarded], home: Home, kind: str
) -> None:
    (home.config / "settings.toml").write_text('secrets = "ask"\n')
    source = f"{guarded[kind].endpoint}/f"
    with tempfile.TemporaryDirectory(prefix="wh") as name:
        to = Path(name) / "to"
        with Tmux(Path(name), "copy", source, str(to)) as screen:
            screen.until("password for")
            screen.type(PASSWORD)
            screen.press("Enter")
            shown = screen.until_ended()
        assert PASSWORD not in shown
        assert to.read_bytes() == b"content"
