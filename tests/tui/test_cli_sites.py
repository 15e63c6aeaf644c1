"""`wharfie sites` and `wharfie login`: what a shell does with saved places."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.servers.password_ssh import PASSWORD, PasswordSSH
from tests.tui.cli_runner import Finished, wharfie

GOOD = "tests.servers.keyrings.Good"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PasswordSSH]:
    with PasswordSSH(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def home(isolated_home: Path) -> Path:
    """The configuration directory of `wharfie` here."""
    home = isolated_home / "wharfie"
    home.mkdir(mode=0o700)
    return home


@pytest.fixture
def keyring(tmp_path: Path) -> Mapping[str, str]:
    """The environment of a command that has a keyring."""
    held = str(tmp_path / "keyring.json")
    return {"PYTHON_KEYRING_BACKEND": GOOD, "WHARFIE_TEST_KEYRING": held}


def add(name: str, server: PasswordSSH, *more: str) -> None:
    user, host, port = server.endpoint.removeprefix("sftp://").replace("@", ":").split(":")
    said = (f"host={host}", f"port={port}", f"user={user}", *more)
    words = [word for each in said for word in ("--set", each)]
    done = wharfie("sites", "add", name, "--kind", "sftp", *words)
    assert done.code == 0, done.err


def typed(text: str, *words: str, env: Mapping[str, str]) -> Finished:
    """Run with `text` on the standard input."""
    process = subprocess.run(
        [sys.executable, "-m", "tui", *words],
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **env},
        timeout=90,
    )
    return Finished(process.returncode, process.stdout, process.stderr)


def test_sites_are_added_listed_changed_and_removed(home: Path) -> None:
    words = ("sites", "add", "work", "--kind", "sftp", "--set", "host=h.example")
    assert wharfie(*words, "--set", "path=/srv").code == 0
    assert "sftp://h.example:22/srv" in wharfie("sites").out
    again = wharfie(*words)
    assert again.code == 2 and "already" in again.err
    assert wharfie("sites", "edit", "work", "--set", "user=ann", "--set", "path=").code == 0
    site, summary = wharfie("sites", "list", "--json").lines
    assert site == {
        "name": "work",
        "kind": "sftp",
        "origin": "file",
        "endpoint": "sftp://ann@h.example:22",
        "path": "/~",
        "values": {"host": "h.example", "user": "ann"},
    }
    assert summary == {"summary": True, "sites": 1, "problems": []}
    assert wharfie("sites", "remove", "work").code == 0
    assert wharfie("sites", "--json").lines == [{"summary": True, "sites": 0, "problems": []}]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "a", "--kind", "sftp", "--set", "host=h"), "cannot be the name"),
        (("add", "work", "--kind", "sftp"), "Host is missing"),
        (("add", "work", "--kind", "sftp", "--set", "hots=h"), "no “hots”"),
        (("add", "work", "--kind", "sftp", "--set", "host=h", "--set", "password=x"), "secret"),
        (("add", "work", "--kind", "ftp"), "invalid choice"),
        (("add", "work"), "--kind"),
        (("add", "work", "--kind", "sftp", "--set", "host"), "FIELD=VALUE"),
        (("edit", "nobody", "--set", "host=h"), "no site of this name"),
        (("remove", "nobody"), "no saved site"),
        (("test", "nobody"), "no site of this name"),
    ],
)
def test_what_will_not_do_is_wrong_use_and_changes_nothing(
    home: Path, words: tuple[str, ...], says: str
) -> None:
    done = wharfie("sites", *words)
    assert done.code == 2 and says in done.err, done.err
    assert not (home / "sites.toml").exists()


def test_sites_of_the_environment_are_listed_without_their_secrets(home: Path) -> None:
    env = {"SFTP_HOST": "box", "SFTP_PASSWORD": "canary-1"}
    env |= {"FILE_URL": "https://ann:canary-2@h/x?sig=canary-3"}
    for words in (("sites",), ("sites", "--json")):
        done = wharfie(*words, env=env)
        assert done.code == 0
        assert "env-sftp" in done.out and "env-url" in done.out
        assert "canary" not in done.out + done.err
    done = wharfie("sites", "edit", "env-sftp", "--set", "user=x", env=env)
    assert done.code == 2 and "comes from the environment" in done.err


def test_a_mistake_in_the_file_is_said_and_everything_else_goes_on(home: Path) -> None:
    (home / "sites.toml").write_text('[good]\nkind = "sftp"\nhost = "h"\n[bad]\nkind = "ftp"\n')
    done = wharfie("sites")
    assert done.code == 1
    assert "good" in done.out and "line 5: site “bad”" in done.err
    assert wharfie("ls", str(home)).code == 0
    assert "line 5" in wharfie("ls", "bad:/x").err


def test_a_path_of_a_site_is_a_location(home: Path, server: PasswordSSH, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_bytes(b"content")
    add("work", server, f"path={tmp_path / 'there'}")
    env = {"SFTP_PASSWORD": PASSWORD}
    listed = wharfie("ls", "--accept-new", "work:", "--json", env=env)
    assert [line.get("name") for line in listed.lines[:-1]] == ["file"], listed.err
    done = wharfie("copy", "work:file", tmp_path / "copied", env=env)
    assert done.code == 0, done.err
    assert (tmp_path / "copied").read_bytes() == b"content"
    done = wharfie("copy", tmp_path / "copied", "work:back", env=env)
    assert done.code == 0, done.err
    assert (tmp_path / "there" / "back").read_bytes() == b"content"


def test_a_test_says_what_happened(
    home: Path, server: PasswordSSH, tmp_path: Path, keyring: Mapping[str, str]
) -> None:
    (tmp_path / "file").touch()
    add("work", server, f"path={tmp_path}")
    add("lost", server, f"path={tmp_path / 'nothing'}")
    done = wharfie("sites", "test", "work", env=keyring)
    assert done.code == 1 and "is not known yet" in done.out
    env = {**keyring, "SFTP_PASSWORD": PASSWORD}
    done = wharfie("sites", "test", "--accept-new", "--json", env=env)
    assert done.code == 1
    work, lost, summary = done.lines
    assert work == {"name": "work", "ok": True, "what": f"it works: 1 entry in {tmp_path}"}
    assert not lost["ok"] and "does not exist" in lost["what"]
    assert summary == {"summary": True, "failed": 1}


def test_a_login_is_kept_and_lets_later_commands_in(
    home: Path, server: PasswordSSH, tmp_path: Path, keyring: Mapping[str, str]
) -> None:
    add("work", server, f"path={tmp_path}")
    done = typed(f"{PASSWORD}\n", "login", "work", env=keyring)
    assert done.code == 0, done.err
    assert done.out == "The password for work is in the keyring now.\n"
    held = json.loads(Path(keyring["WHARFIE_TEST_KEYRING"]).read_text())
    assert held == {f"wharfie\npassword||{server.endpoint}": PASSWORD}
    done = wharfie("ls", "--accept-new", "work:", env=keyring)
    assert done.code == 0, done.err
    assert not [path for path in home.rglob("*") if PASSWORD.encode() in path.read_bytes()]


def test_a_password_that_is_refused_stays_until_another_is_kept(
    home: Path, server: PasswordSSH, tmp_path: Path, keyring: Mapping[str, str]
) -> None:
    add("work", server, f"path={tmp_path}")

    def held() -> list[str]:
        return list(json.loads(Path(keyring["WHARFIE_TEST_KEYRING"]).read_text()).values())

    assert typed("wrong\n", "login", "work:", env=keyring).code == 0
    done = wharfie("ls", "--accept-new", "work:", env=keyring)
    assert done.code == 1 and "the password was refused" in done.err
    assert held() == ["wrong"]
    assert typed(f"{PASSWORD}\n", "login", "work:", env=keyring).code == 0
    assert held() == [PASSWORD]
    assert wharfie("ls", "work:", env=keyring).code == 0


def test_a_passphrase_is_kept_for_the_file_that_the_site_names(
    home: Path, tmp_path: Path, keyring: Mapping[str, str]
) -> None:
    cert = tmp_path / "me.pem"
    words = ("--kind", "http", "--set", "url=https://h/", "--set", f"client_cert={cert}")
    assert wharfie("sites", "add", "web", *words).code == 0
    done = typed("canary\n", "login", "web", "--secret", "passphrase", env=keyring)
    assert done.code == 0, done.err
    held = json.loads(Path(keyring["WHARFIE_TEST_KEYRING"]).read_text())
    assert held == {f"wharfie\npassphrase|{cert}|https://h#web": "canary"}
    assert wharfie("sites", "remove", "web", env=keyring).code == 0
    assert json.loads(Path(keyring["WHARFIE_TEST_KEYRING"]).read_text()) == {}
    done = typed("x\n", "login", "sftp://h", "--secret", "passphrase", env=keyring)
    assert done.code == 2 and "no saved site of this name says which" in done.err


def test_what_was_kept_for_the_old_address_is_gone_after_an_edit(
    home: Path, keyring: Mapping[str, str]
) -> None:
    words = ("sites", "add", "work", "--kind", "sftp", "--set", "host=old.example")
    assert wharfie(*words).code == 0
    assert typed("canary\n", "login", "work", env=keyring).code == 0
    assert wharfie("sites", "edit", "work", "--set", "host=new.example", env=keyring).code == 0
    assert json.loads(Path(keyring["WHARFIE_TEST_KEYRING"]).read_text()) == {}


def test_a_chosen_file_keeps_what_the_keyring_would(
    home: Path, server: PasswordSSH, tmp_path: Path
) -> None:
    (home / "settings.toml").write_text('secrets = "file"\n')
    add("work", server, f"path={tmp_path}")
    done = typed(f"{PASSWORD}\n", "login", "work", env={})
    assert done.code == 0, done.err
    assert (home / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert wharfie("ls", "--accept-new", "work:").code == 0
    assert wharfie("sites", "remove", "work").code == 0
    assert json.loads((home / "secrets.json").read_text()) == {}


def test_a_login_that_cannot_be_kept_says_what_to_choose(home: Path, server: PasswordSSH) -> None:
    add("work", server)
    done = typed(f"{PASSWORD}\n", "login", "work", env={})
    assert done.code == 1 and 'secrets = "file"' in done.err
    (home / "settings.toml").write_text('secrets = "ask"\n')
    done = typed(f"{PASSWORD}\n", "login", "work", env={})
    assert done.code == 1 and "are not kept here" in done.err
    assert typed("\n", "login", "work", env={}).code == 2
    done = typed("x\n", "login", "wrok", env={})
    assert done.code == 2 and "no site of this name" in done.err
    (home / "settings.toml").write_text('secrets = "drawer"\n')
    done = wharfie("sites")
    assert done.code == 1 and 'secrets must be one of "keyring", "file", "ask"' in done.err


SSH_CONFIG = """
# mine
Host box box2 *.example !no
    HostName box.example.com
    User bob
    IdentityFile ~/.ssh/box
Match exec "touch {ran}"
    User eve
Host "jump"
    ProxyJump box
CanonicalizeHostname always
Host Upper
    Port 99
Host bad
    User -x
Host *
    Port 2222
"""


def test_hosts_of_the_ssh_config_are_shown_then_added(home: Path, tmp_path: Path) -> None:
    ran, config = tmp_path / "ran", tmp_path / "config"
    config.write_text(SSH_CONFIG.format(ran=ran))
    shown = wharfie("sites", "import-ssh", "--file", config)
    assert shown.code == 0, shown.err
    assert "sftp://bob@box.example.com:2222" in shown.out
    assert "jump: another host on the way" in shown.out
    assert "“-x” is not a user name" in shown.out
    assert "Nothing was added" in shown.out
    assert not (home / "sites.toml").exists()
    done = wharfie("sites", "import-ssh", "--file", config, "--yes")
    assert done.code == 0 and "3 added" in done.out
    sites = {line["name"]: line["values"] for line in wharfie("sites", "--json").lines[:-1]}
    key = str(Path("~/.ssh/box").expanduser())
    told = {"host": "box.example.com", "port": "2222", "user": "bob", "key": key}
    assert sites == {"box": told, "box2": told, "upper": {"host": "Upper", "port": "99"}}
    assert not ran.exists()
    again = wharfie("sites", "import-ssh", "--file", config, "--yes", "box", "jump")
    assert "there is a site of this name already" in again.out and "nothing to add" in again.out


def test_a_host_behind_another_is_taken_from_the_own_config_under_its_name_there(
    home: Path,
) -> None:
    config = Path.home() / ".ssh" / "config"
    config.parent.mkdir()
    config.write_text("Host inner\n  HostName 10.0.0.1\n  User bob\n  ProxyJump outer\n")
    done = wharfie("sites", "import-ssh", "--yes")
    assert done.code == 0, done.err
    lines = wharfie("sites", "--json").lines
    assert [line["values"] for line in lines[:-1]] == [{"host": "inner"}]


def test_without_an_ssh_config_there_is_nothing_to_take(home: Path) -> None:
    done = wharfie("sites", "import-ssh")
    assert done.code == 1 and "there is no such file" in done.err
