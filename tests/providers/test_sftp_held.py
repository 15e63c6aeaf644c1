"""A connection waits while a person answers what its server asked (`providers.sftp.held`)."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import paramiko
import pytest

from providers.access import Access
from providers.base import Provider
from providers.errors import AuthRequired, ConnectionLost
from providers.records import replace
from providers.sftp import held
from providers.sftp.held import Held
from providers.sftp.openssh import session
from providers.sftp.patience import USUAL
from providers.sftp.provider import open_endpoint
from providers.sftp.wire import Wire
from providers.sites import Site, Sites
from tests.servers.questions_ssh import QuestionsSSH

HORSE = "correct horse"
PASSWORD, CODE = ("Password: ", False), ("Code that we mailed: ", False)
LAST_RESORT = 30.0  # seconds: only reached when a test fails


BUILT_IN = pytest.mark.parametrize("access", ["built-in"], indirect=True)
OPENSSH = pytest.mark.parametrize("access", ["openssh"], indirect=True)


class Unread(list[list[str]]):
    def __init__(self, answers: list[list[str]], released: threading.Event) -> None:
        super().__init__(answers)
        self._released = released

    def __getitem__(self, number: Any) -> Any:
        if number == 1:
            self._released.wait(LAST_RESORT)
        return super().__getitem__(number)


class Mailing(QuestionsSSH):
    """Asks for a password and then for a code, which it sends anew for each connection."""

    def __init__(self) -> None:
        super().__init__([[PASSWORD], [CODE]], [[HORSE], [""]])
        self.mailed: list[str] = []
        self.made: list[paramiko.Transport] = []
        self.make_transport = self._mail

    @contextmanager
    def silence(self) -> Iterator[None]:
        """For the length of the block nothing that it is answered is looked at."""
        released = threading.Event()
        self.answers = Unread(self.answers, released)
        try:
            yield
        finally:
            released.set()

    def _mail(self, caller: socket.socket) -> paramiko.Transport:
        self.mailed.append(f"code {len(self.mailed)}")
        self.answers[1] = [self.mailed[-1]]
        self.made.append(paramiko.Transport(caller))
        return self.made[-1]


@pytest.fixture
def server() -> Iterator[Mailing]:
    with Mailing() as server:
        yield server


@pytest.fixture(params=["built-in", "openssh"])
def access(request: pytest.FixtureRequest, server: Mailing, tmp_path: Path) -> Access:
    """`endpoint` is how it is reached: by our own connection, or by the ssh program."""
    if request.param == "openssh" and shutil.which("ssh") is None:
        pytest.skip("there is no ssh here")
    user, _, address = server.endpoint.removeprefix("sftp://").rpartition("@")
    host, _, port = address.partition(":")
    sites = Sites(tmp_path / "sites.toml")
    values = {"host": host, "port": port, "user": user, "transport": request.param}
    sites.add(Site("box", "sftp", values))
    key = f"{server.host_key.get_name()} {server.host_key.get_base64()}"
    (tmp_path / "known_hosts").write_text(f"[{host}]:{port} {key}\n")
    return Access(tmp_path / "known_hosts", sites=sites, use_agent=False, use_default_keys=False)


@pytest.fixture
def endpoint(access: Access) -> str:
    site = access.sites.get("box")
    assert site is not None
    return access.sites.place(site).endpoint


@pytest.fixture
def place(endpoint: str, access: Access) -> Iterator[Provider]:
    with closing(open_endpoint(endpoint, access)) as place:
        yield place


def asked(place: Provider) -> AuthRequired:
    with pytest.raises(AuthRequired) as caught:
        place.resolve("")
    return caught.value


def test_a_code_that_is_sent_for_each_connection_lets_in(
    server: Mailing, access: Access, place: Provider
) -> None:
    access.secrets.answer(asked(place), HORSE)
    question = asked(place)
    assert (question.needs, question.subject) == ("code", "Code that we mailed:")
    access.secrets.answer(question, server.mailed[-1])
    assert place.resolve("") == "/"
    assert server.given == [[HORSE], ["code 0"]]
    assert len(server.made) == 1


def test_who_comes_before_the_answer_gets_the_same_question_and_no_other_code(
    server: Mailing, access: Access, endpoint: str, place: Provider
) -> None:
    access.secrets.put(endpoint, "password", HORSE)
    questions = [asked(place) for _ in range(3)]
    assert {question.subject for question in questions} == {"Code that we mailed:"}
    access.secrets.answer(questions[0], server.mailed[-1])
    assert place.resolve("") == "/"
    assert server.mailed == ["code 0"]


def test_a_wrong_answer_is_told_and_the_next_connection_asks_again(
    server: Mailing, access: Access, endpoint: str, place: Provider
) -> None:
    access.secrets.put(endpoint, "password", HORSE)
    access.secrets.answer(asked(place), "wrong")
    assert asked(place).rejected
    access.secrets.answer(asked(place), server.mailed[-1])
    assert place.resolve("") == "/"
    assert server.mailed == ["code 0", "code 1"]


def test_a_server_that_had_no_more_patience_asks_again_on_a_new_connection(
    server: Mailing, access: Access, endpoint: str, place: Provider
) -> None:
    access.secrets.put(endpoint, "password", HORSE)
    question = asked(place)
    server.made[0].close()
    access.secrets.answer(question, server.mailed[-1])
    question = asked(place)
    assert not question.rejected
    access.secrets.answer(question, server.mailed[-1])
    assert place.resolve("") == "/"
    assert len(server.made) == 2


def test_a_place_that_is_closed_leaves_no_connection_that_waits(
    server: Mailing, access: Access, endpoint: str, place: Provider
) -> None:
    access.secrets.put(endpoint, "password", HORSE)
    asked(place)
    place.close()
    server.made[0].join(LAST_RESORT)
    assert not server.made[0].is_active()


def test_nobody_is_waited_for_longer_than_a_server_bears(
    server: Mailing, access: Access, endpoint: str, place: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "SECONDS", 0.1)
    access.secrets.put(endpoint, "password", HORSE)
    asked(place)
    server.made[0].join(LAST_RESORT)
    assert not server.made[0].is_active()
    access.secrets.answer(asked(place), server.mailed[-1])


@BUILT_IN
def test_the_time_a_person_takes_is_not_the_servers(
    server: Mailing, access: Access, endpoint: str
) -> None:
    hurried = replace(USUAL, sign_in=2.0)
    access.secrets.put(endpoint, "password", HORSE)
    with closing(open_endpoint(endpoint, access, hurried)) as place:
        question = asked(place)
        time.sleep(1.25 * hurried.sign_in)  # what is tested is that it passes
        access.secrets.answer(question, server.mailed[-1])
        assert place.resolve("") == "/"


@OPENSSH
def test_the_time_a_person_takes_is_not_sshs(
    server: Mailing, access: Access, place: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    arriving = 8.0
    monkeypatch.setattr(session, "_arriving", lambda patience: arriving)
    access.secrets.answer(asked(place), HORSE)
    question = asked(place)
    time.sleep(arriving)  # as above
    access.secrets.answer(question, server.mailed[-1])
    assert place.resolve("") == "/"


@BUILT_IN
def test_a_server_that_falls_silent_after_the_answer_is_given_up(
    server: Mailing, access: Access, endpoint: str
) -> None:
    hurried = replace(USUAL, sign_in=2.0)
    access.secrets.put(endpoint, "password", HORSE)
    with closing(open_endpoint(endpoint, access, hurried)) as place:
        question = asked(place)
        with server.silence():
            access.secrets.answer(question, server.mailed[-1])
            asked(place)
    assert len(server.made) == 2


def test_an_attempt_that_is_given_up_says_so_to_its_work() -> None:
    told: list[bool] = []

    def work() -> paramiko.Transport:
        told.append(attempt.ask(AuthRequired("sftp://x", "a code")))
        raise ConnectionLost("sftp://x")

    attempt = Held(work, Wire("sftp://x"))
    with pytest.raises(AuthRequired):
        attempt.outcome()
    assert attempt.waits
    attempt.give_up()
    assert not attempt.waits
    with pytest.raises(ConnectionLost):
        attempt.outcome()
    assert told == [False]
