"""Servers that ask several questions: a password, a one-time code, after a key or without."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import paramiko
import pytest

from providers.access import Access, Secrets
from providers.errors import AuthRequired, ProviderError
from providers.sftp.provider import open_endpoint
from tests.servers.questions_ssh import QuestionsSSH

PASSWORD = ("Password: ", False)
CODE = ("Verification code: ", False)
HORSE, OTP = "correct horse", "123456"


class Nosy:
    """A vault that notes what it is asked for."""

    name = "a vault"
    problem = ""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get(self, endpoint: str, needs: str, subject: str) -> str | None:
        self.asked.append(needs)
        return None

    def put(self, endpoint: str, needs: str, subject: str, value: str) -> None:
        raise AssertionError("nothing is to be kept")

    def delete(self, endpoint: str, needs: str, subject: str) -> None:
        raise AssertionError("nothing was kept")


def access(tmp_path: Path, **more: object) -> Access:
    settings = {"accept_new": True, "use_agent": False, "use_default_keys": False} | more
    return Access(tmp_path / "known_hosts", **settings)  # type: ignore[arg-type]


def asked(server: QuestionsSSH, given: Access) -> AuthRequired:
    place = open_endpoint(server.endpoint, given)
    with closing(place), pytest.raises(ProviderError) as caught:
        place.resolve("")
    assert isinstance(caught.value, AuthRequired)
    return caught.value


def let_in(server: QuestionsSSH, given: Access) -> None:
    with closing(open_endpoint(server.endpoint, given)) as place:
        assert place.resolve("") == "/"
    assert server.sign_ins == 1


@pytest.mark.parametrize("rounds", [[[PASSWORD], [CODE]], [[PASSWORD, CODE]]], ids=["two", "one"])
def test_a_password_and_a_code_are_asked_one_after_the_other(
    tmp_path: Path, rounds: list[list[tuple[str, bool]]]
) -> None:
    answers = [[HORSE], [OTP]] if len(rounds) == 2 else [[HORSE, OTP]]
    given = access(tmp_path)
    with QuestionsSSH(rounds, answers) as server:
        first = asked(server, given)
        assert (first.needs, first.subject, first.rejected) == ("password", "", False)
        given.secrets.answer(first, HORSE)
        second = asked(server, given)
        assert (second.needs, second.subject) == ("code", "Verification code:")
        assert "Verification code:" in str(second)
        given.secrets.answer(second, OTP)
        let_in(server, given)


def test_two_codes_of_one_round_are_typed_once_each(tmp_path: Path) -> None:
    given = access(tmp_path)
    with QuestionsSSH([[CODE, ("TAN:", False)]], [[OTP, "42"]]) as server:
        for subject, code in ((CODE[0].strip(), OTP), ("TAN:", "42")):
            error = asked(server, given)
            assert (error.needs, error.subject) == ("code", subject)
            given.secrets.answer(error, code)
        let_in(server, given)
        assert server.given == [[OTP, "42"]]


def test_a_code_is_given_once_and_no_vault_is_asked_for_it(tmp_path: Path) -> None:
    vault = Nosy()
    given = access(tmp_path, secrets=Secrets(vault))  # type: ignore[arg-type]
    with QuestionsSSH([[CODE]], [[OTP]]) as server:
        given.secrets.answer(asked(server, given), OTP)
        let_in(server, given)
        again = asked(server, given)
        assert (again.needs, again.rejected) == ("code", False)
        assert server.given == [[OTP]]
    assert "code" not in vault.asked


def test_a_wrong_code_asks_for_another_and_keeps_the_password(tmp_path: Path) -> None:
    given = access(tmp_path)
    with QuestionsSSH([[PASSWORD], [CODE]], [[HORSE], [OTP]]) as server:
        given.secrets.put(server.endpoint, "password", HORSE)
        given.secrets.put(server.endpoint, "code", "000000", CODE[0].strip())
        error = asked(server, given)
        assert (error.needs, error.rejected) == ("code", True)
        given.secrets.answer(error, OTP)
        let_in(server, given)
        assert server.given == [[HORSE], ["000000"], [HORSE], [OTP]]


@pytest.mark.parametrize("rounds", [[[PASSWORD], [CODE]], [[PASSWORD, CODE]]], ids=["two", "one"])
def test_a_wrong_password_is_asked_for_again(
    tmp_path: Path, rounds: list[list[tuple[str, bool]]]
) -> None:
    answers = [[HORSE], [OTP]] if len(rounds) == 2 else [[HORSE, OTP]]
    given = access(tmp_path)
    with QuestionsSSH(rounds, answers) as server:
        given.secrets.put(server.endpoint, "password", "wrong")
        given.secrets.put(server.endpoint, "code", OTP, CODE[0].strip())
        error = asked(server, given)
        assert (error.needs, error.rejected) == ("password", True)
        assert given.secrets.get(server.endpoint, "password") is None
        assert len(server.given) == 1


def test_a_key_and_then_a_code(tmp_path: Path) -> None:
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(tmp_path / "key"))
    given = access(tmp_path, keys=(tmp_path / "key",))
    with QuestionsSSH([[CODE]], [[OTP]], key=key) as server:
        given.secrets.answer(asked(server, given), OTP)
        let_in(server, given)


def test_of_two_ways_the_questions_come_first_as_in_ssh(tmp_path: Path) -> None:
    given = access(tmp_path)
    both = "password,keyboard-interactive"
    with QuestionsSSH([[PASSWORD], [CODE]], [[HORSE], [OTP]], methods=both) as server:
        given.secrets.put(server.endpoint, "password", HORSE)
        given.secrets.answer(asked(server, given), OTP)
        let_in(server, given)


def test_a_server_that_asks_nothing_gets_the_password(tmp_path: Path) -> None:
    given = access(tmp_path)
    with QuestionsSSH([], [[HORSE]], methods="password,keyboard-interactive") as server:
        given.secrets.put(server.endpoint, "password", HORSE)
        with closing(open_endpoint(server.endpoint, given)) as place:
            assert place.resolve("") == "/"
        assert server.given == [[HORSE]]


def test_a_question_with_controls_in_it_is_made_safe(tmp_path: Path) -> None:
    given = access(tmp_path)
    with QuestionsSSH([[("\x1b[31mPIN\x07 code", True)]], [["1"]]) as server:
        error = asked(server, given)
        assert error.subject == r"\x1b[31mPIN\x07 code"
        given.secrets.answer(error, "1")
        let_in(server, given)
