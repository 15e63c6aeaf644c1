"""F6: however many keys somebody has, no more are shown than a server listens to, and what it wants
then is asked for: against a real sshd, which hangs up at the sixth refusal."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.access import Access
from providers.errors import AuthRequired
from providers.sftp.keys import DEFAULT_NAMES
from providers.sftp.provider import open_endpoint
from tests.servers.openssh import OpenSSH, find_sshd
from tests.servers.ssh_agent import agent_with, keygen, new_key

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

Serve = Callable[..., OpenSSH]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A server that takes `key`, and asks for a password besides where `password` says so."""
    started: list[OpenSSH] = []

    def start(*, key: Path | None = None, password: bool = False, tries: int = 6) -> OpenSSH:
        options = [f"MaxAuthTries {tries}", "LogLevel VERBOSE"]
        # sshd takes the first of two lines, and those of a Match before all.
        options += ["Match all", "PasswordAuthentication yes"] if password else []
        server = OpenSSH(tmp_path / f"sshd-{len(started)}", options=options)
        public = key.with_name(f"{key.name}.pub").read_text() if key else ""
        (server.directory / "authorized_keys").write_text(public)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[Path]]]:
    """The socket of an agent with twenty keys, and these."""
    root = tmp_path_factory.mktemp("agent")
    keys = [new_key(root / f"key-{number}") for number in range(20)]
    with agent_with(*keys) as socket:
        yield socket, keys


def usual_keys(*names: str) -> list[Path]:
    folder = Path.home() / ".ssh"
    folder.mkdir(exist_ok=True)
    return [new_key(folder / name, kind=name.removeprefix("id_")) for name in names]


def opens(server: OpenSSH, root: Path, agent: str, *lines: str) -> bool:
    config = root / "config"
    config.write_text("\n".join((f"IdentityAgent {agent}", *lines)) + "\n")
    given = Access(root / "hosts", ssh_config=config, accept_new=True)
    with closing(open_endpoint(server.endpoint, given)) as place:
        return place.resolve("").startswith("/")


def asked(server: OpenSSH, root: Path, agent: str, *lines: str) -> AuthRequired:
    with pytest.raises(AuthRequired) as caught:
        opens(server, root, agent, *lines)
    return caught.value


def hung_up(server: OpenSSH) -> bool:
    return any("Too many authentication failures" in line for line in server.log)


def test_F6_a_full_agent_and_all_usual_keys_leave_room_for_the_password(
    serve: Serve, agent: tuple[str, list[Path]], tmp_path: Path
) -> None:
    usual_keys(*DEFAULT_NAMES)
    server = serve(password=True)
    assert asked(server, tmp_path, agent[0]).needs == "password"
    assert not hung_up(server)


def test_F6_the_last_usual_key_gets_its_turn_beside_a_full_agent(
    serve: Serve, agent: tuple[str, list[Path]], tmp_path: Path
) -> None:
    *_, last = usual_keys(*DEFAULT_NAMES)
    assert opens(serve(key=last), tmp_path, agent[0])


def test_F6_a_usual_key_that_the_agent_holds_comes_before_its_others_and_asks_for_nothing(
    serve: Serve, agent: tuple[str, list[Path]], tmp_path: Path
) -> None:
    socket, keys = agent
    usual = Path.home() / ".ssh" / "id_ed25519"
    usual.parent.mkdir()
    for end in ("", ".pub"):
        shutil.copy(f"{keys[12]}{end}", f"{usual}{end}")
    keygen("-p", "-P", "", "-N", "a passphrase", "-f", usual)
    server = serve(key=usual)
    assert opens(server, tmp_path, socket)
    assert opens(server, tmp_path, socket, "IdentitiesOnly yes")
    assert not any("Failed publickey" in line for line in server.log)


def test_F6_keys_of_the_agent_that_were_not_tried_are_told(
    serve: Serve, agent: tuple[str, list[Path]], tmp_path: Path
) -> None:
    error = asked(serve(key=agent[1][12]), tmp_path, agent[0])
    assert error.needs == "key"
    assert "14 more in your SSH agent were not tried" in error.what


def test_F6_a_server_that_hangs_up_early_leaves_what_it_wants_to_be_asked_for(
    serve: Serve, agent: tuple[str, list[Path]], tmp_path: Path
) -> None:
    assert asked(serve(password=True, tries=3), tmp_path, agent[0]).needs == "password"


def test_F6_many_keys_of_the_config_leave_room_for_the_password(
    serve: Serve, agent: tuple[str, list[Path]], tmp_path: Path
) -> None:
    server = serve(password=True)
    lines = [f"IdentityFile {key}" for key in agent[1][:9]]
    assert asked(server, tmp_path, agent[0], *lines).needs == "password"
    assert not hung_up(server)
