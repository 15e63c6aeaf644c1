"""F6: a wrong secret is tried once, however often somebody asks; a chosen key comes alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import paramiko
import pytest

from providers.access import Access
from providers.errors import AuthRequired, ProviderError
from providers.sftp.provider import open_endpoint
from tests.servers.questions_ssh import QuestionsSSH

PASSWORD, CODE = ("Password:", False), ("Code:", False)


def access(tmp_path: Path, **more: object) -> Access:
    usual = {"accept_new": True, "use_agent": False, "use_default_keys": False} | more
    return Access(tmp_path / "hosts", **usual)  # type: ignore[arg-type]


def refused_often(server: QuestionsSSH, given: Access) -> None:
    with closing(open_endpoint(server.endpoint, given)) as place:

        def ask() -> None:
            with pytest.raises(ProviderError) as caught:
                place.resolve("")
            assert isinstance(caught.value, AuthRequired)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ask()


WRONG: dict[str, Callable[[], QuestionsSSH]] = {
    "password": lambda: QuestionsSSH([], [["right"]], methods="password"),
    "question": lambda: QuestionsSSH([[PASSWORD]], [["right"]]),
    "both ways": lambda: QuestionsSSH(
        [[PASSWORD]], [["right"]], methods="password,keyboard-interactive"
    ),
    "password and code": lambda: QuestionsSSH([[PASSWORD, CODE]], [["right", "1"]]),
}


@pytest.mark.parametrize("way", WRONG)
def test_F6_a_wrong_password_reaches_the_server_once(tmp_path: Path, way: str) -> None:
    given = access(tmp_path)
    with WRONG[way]() as server:
        given.secrets.put(server.endpoint, "password", "wrong")
        given.secrets.put(server.endpoint, "code", "1", "Code:")
        refused_often(server, given)
        assert len(server.given) == 1


def test_F6_a_wrong_code_reaches_the_server_once(tmp_path: Path) -> None:
    given = access(tmp_path)
    with QuestionsSSH([[CODE]], [["1"]]) as server:
        given.secrets.put(server.endpoint, "code", "2", "Code:")
        refused_often(server, given)
        assert server.given == [["2"]]


def test_F6_of_many_keys_only_the_chosen_one_is_shown(tmp_path: Path) -> None:
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(tmp_path / "key"))
    usual = Path.home() / ".ssh" / "id_ecdsa"
    usual.parent.mkdir()
    paramiko.ECDSAKey.generate().write_private_key_file(str(usual))
    given = access(tmp_path, keys=(tmp_path / "key",), use_default_keys=True)
    with QuestionsSSH([[CODE]], [["1"]], key=key) as server:
        given.secrets.put(server.endpoint, "code", "1", "Code:")
        with closing(open_endpoint(server.endpoint, given)) as place:
            place.resolve("")
        assert set(server.keys) == {key.fingerprint}
