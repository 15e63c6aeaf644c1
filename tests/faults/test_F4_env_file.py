"""F4: a hostile .env in the current or a parent folder, one that others may read, a link, a “$”."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dotenv
import pytest

from providers.environment import ALLOWED, access_from, read_settings
from providers.errors import Denied, NotFound
from tests.tui.cli_runner import wharfie

posix = pytest.mark.skipif(os.name == "nt", reason="modes are a POSIX matter")
SECRET = "canary-e41$HOME${HOME}`id`"


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    path = tmp_path / "config" / ".env"
    path.parent.mkdir()
    return path


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


@pytest.mark.parametrize("where", [".", "..", "../.."])
def test_F4_a_hostile_env_file_around_here_is_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    here = tmp_path / "a" / "b"
    here.mkdir(parents=True)
    hostile = (
        "SFTP_HOST=evil.example\nFILE_URL=https://evil.example/\n"
        "AWS_ENDPOINT_URL=http://evil.example\nHTTPS_PROXY=http://evil.example\n"
    )
    write(here / where / ".env", hostile)
    monkeypatch.chdir(here)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    done = wharfie("sites", "list", "--json")
    assert done.code == 0, done.err
    assert done.lines == [{"summary": True, "sites": 0, "problems": []}]
    assert wharfie("ls", ".", "--json").code == 0


def test_F4_names_that_are_not_allowed_are_dropped(env_file: Path) -> None:
    write(
        env_file,
        "HTTPS_PROXY=http://evil\nREQUESTS_CA_BUNDLE=/evil\nLD_PRELOAD=/evil.so\nPATH=/evil\n"
        "PYTHONPATH=/evil\nSSL_CERT_FILE=/evil\nSFTP_HOST=h\nAWS_REGION=eu-1\nsftp_user=x\n",
    )
    before = dict(os.environ)
    assert read_settings({}, env_file, required=True) == {"SFTP_HOST": "h", "AWS_REGION": "eu-1"}
    assert dict(os.environ) == before


def test_F4_every_name_that_may_be_set_is_read_from_both(env_file: Path) -> None:
    write(env_file, "".join(f"{name}=file-{name}\n" for name in sorted(ALLOWED)))
    assert read_settings({}, env_file, required=True) == {n: f"file-{n}" for n in ALLOWED}
    mine = {name: f"env-{name}" for name in ALLOWED}
    assert read_settings({**mine, "HTTPS_PROXY": "x"}, env_file, required=True) == mine
    assert {"FILE_URL", "AWS_SESSION_TOKEN", "GRAPH_TOKEN", "WHARFIE_LOGIN_BASE"} <= ALLOWED


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o601])
def test_F4_one_that_others_may_read_is_refused(env_file: Path, mode: int) -> None:
    write(env_file, f"SFTP_PASSWORD={SECRET}\n", mode)
    with pytest.raises(Denied, match="chmod 600") as caught:
        read_settings({}, env_file, required=False)
    assert SECRET not in str(caught.value)


@posix
def test_F4_a_link_is_refused_even_to_nothing(env_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    env_file.symlink_to(target)
    with pytest.raises(Denied, match="is a link"):
        read_settings({}, env_file, required=False)
    write(target, "SFTP_HOST=evil\n")
    with pytest.raises(Denied, match="is a link"):
        read_settings({}, env_file, required=False)


@posix
def test_F4_a_link_is_refused_where_the_system_would_follow_it(
    env_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_NOFOLLOW")
    write(tmp_path / "elsewhere", "SFTP_HOST=evil\n")
    env_file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Denied, match="is a link"):
        read_settings({}, env_file, required=False)


@posix
def test_F4_a_pipe_is_refused_and_not_waited_for(env_file: Path) -> None:
    os.mkfifo(env_file, 0o600)
    caught: list[BaseException] = []

    def read() -> None:
        try:
            read_settings({}, env_file, required=False)
        except Denied as error:
            caught.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(30)
    assert "not a file of its own" in str(caught[0])


def test_F4_what_was_looked_at_is_what_is_read(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file put there after the look changes nothing."""
    write(env_file, "SFTP_HOST=mine\n")
    parse = dotenv.dotenv_values

    def put_another_there(*arguments: Any, **options: Any) -> Mapping[str, str | None]:
        env_file.unlink()
        write(env_file, "SFTP_HOST=evil\n", 0o644)
        return parse(*arguments, **options)

    monkeypatch.setattr(dotenv, "dotenv_values", put_another_there)
    assert read_settings({}, env_file, required=True) == {"SFTP_HOST": "mine"}


def test_F4_one_that_is_not_utf_8_is_said_with_its_line_and_never_quoted(
    isolated_home: Path,
) -> None:
    home = isolated_home / "wharfie"
    home.mkdir(mode=0o700)
    (home / ".env").write_bytes(b"SFTP_HOST=h\nSFTP_PASSWORD=canary-\xfc\n")
    (home / ".env").chmod(0o600)
    for words in (("ls", "."), ("doctor",)):
        done = wharfie(*words)
        assert done.code == 1
        assert "line 2 of the settings file is not UTF-8 text" in done.out + done.err
        assert "canary" not in done.out + done.err and "Traceback" not in done.err


def test_F4_a_mark_at_the_start_of_the_text_is_no_part_of_it(env_file: Path) -> None:
    write(env_file, "\ufeffSFTP_HOST=h\n")  # as Windows editors write
    assert read_settings({}, env_file, required=True) == {"SFTP_HOST": "h"}


@pytest.mark.parametrize("quote", ["'", ""])
def test_F4_a_dollar_in_a_value_is_a_dollar(env_file: Path, quote: str) -> None:
    write(env_file, f"SFTP_PASSWORD={quote}{SECRET}{quote}\n")
    assert read_settings({"HOME": "/x"}, env_file, required=True) == {"SFTP_PASSWORD": SECRET}


def test_F4_one_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="--env-file"):
        read_settings({}, tmp_path / "nothing", required=True)
    assert read_settings({}, tmp_path / "nothing", required=False) == {}


# What the settings give -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "endpoint", "password"),
    [
        ("https://ann:c%40nary@h/x", "https://ann@h", "c@nary"),
        ("https://ann:c@nary@h/x", "https://ann@h", "c@nary"),
        ("https://ann:c/nary@h/x", "https://ann@h", "c/nary"),
        ("https://ann@corp:c:nary@h/x", "https://ann@corp@h", "c:nary"),
        ("sftp://ann:canary@[::1]:22/x", "sftp://ann@[::1]:22", "canary"),
        ("https://:canary@h/x", "https://h", "canary"),
    ],
)
def test_F4_a_password_in_file_url_is_a_secret_and_nowhere_else(
    tmp_path: Path, url: str, endpoint: str, password: str
) -> None:
    access = access_from({"FILE_URL": url}, tmp_path / "hosts", accept_new=False)
    (site,) = access.sites.all()
    assert access.sites.place(site).endpoint == endpoint
    assert access.secrets.get(endpoint, "password") == password
    assert password not in repr(site) + repr(access)


@pytest.mark.parametrize(
    "url", ["sftp://[::1]/a@b", "https://h:80/a:b@c", "https://ann@h/", "sftp://h/p:a@b"]
)
def test_F4_what_is_no_password_is_left_alone(tmp_path: Path, url: str) -> None:
    access = access_from({"FILE_URL": url}, tmp_path / "hosts", accept_new=False)
    (site,) = access.sites.all()
    assert access.secrets.of(access.sites.place(site).endpoint) == ()


def test_F4_the_secret_part_of_file_url_is_only_referred_to(tmp_path: Path) -> None:
    url = "https://h/a b.zip?sig=canary"
    access = access_from({"FILE_URL": url}, tmp_path / "hosts", accept_new=False)
    (site,) = access.sites.all()
    place = access.sites.place(site)
    assert "canary" not in repr(site) + repr(place)
    assert access.secrets.get("https://h", "query", place.path) == "sig=canary"


def test_F4_the_password_of_the_settings_is_for_their_own_host_only(tmp_path: Path) -> None:
    settings = {"SFTP_HOST": "box", "SFTP_USER": "ann", "SFTP_PASSWORD": SECRET}
    settings |= {"FILE_URL": "sftp://other"}
    access = access_from(settings, tmp_path / "hosts", accept_new=False)
    assert access.secrets.get("sftp://ann@box:22", "password") == SECRET
    assert access.secrets.get("sftp://other:22", "password") is None


def test_F4_a_key_is_found_from_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    access = access_from({"SFTP_KEY": "keys/mine"}, tmp_path / "hosts", accept_new=False)
    assert access.keys == (tmp_path / "keys" / "mine",)
