"""Key files that a person names: for one shell, for one site, in the dialog; the queue has them."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from providers.access import Access
from providers.errors import AuthRequired
from providers.registry import open_provider
from tests.tui.cli_runner import wharfie
from tui.headless.attach import attach, grant_for
from tui.settings import find_home

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH


@pytest.fixture(autouse=True)
def known(openssh: OpenSSH, isolated_home: Path) -> None:
    home = isolated_home / "wharfie"
    home.mkdir(mode=0o700)
    (home / "known_hosts").write_text(openssh.known_hosts_line + "\n")


def test_a_key_of_this_shell_alone_lets_the_running_queue_in(
    openssh: OpenSSH, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "source").write_bytes(b"content")
    (tmp_path / "key").symlink_to(openssh.key_path)
    home = find_home(os.environ)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with closing(attach(home, Access(home.known_hosts))):  # started without the key
        monkeypatch.chdir(tmp_path)
        env = {"SFTP_KEY": "key"}  # from here, not from where the queue runs
        done = wharfie("copy", "source", f"{openssh.endpoint}{tmp_path}/target", env=env)
        assert done.code == 0, done.err
    assert (tmp_path / "target").read_bytes() == b"content"


def test_a_site_has_a_key_of_its_own_and_the_queue_finds_it(
    openssh: OpenSSH, tmp_path: Path
) -> None:
    user, host, port = openssh.endpoint.removeprefix("sftp://").replace("@", ":").split(":")
    said = (f"host={host}", f"port={port}", f"user={user}", f"key={openssh.key_path}")
    words = [word for each in (*said, f"path={tmp_path}") for word in ("--set", each)]
    assert wharfie("sites", "add", "box", "--kind", "sftp", *words).code == 0
    (tmp_path / "source").write_bytes(b"content")
    home = find_home(os.environ)
    with closing(attach(home, Access(home.known_hosts))):
        done = wharfie("copy", "box:source", "box:target", "--json")
        assert done.code == 0, done.err
        assert done.lines[0]["source"] == f"box:{tmp_path}/source"
    assert (tmp_path / "target").read_bytes() == b"content"
    assert wharfie("sites", "remove", "box").code == 0
    done = wharfie("ls", f"sftp://{user}@{host}:{port}{tmp_path}")
    assert done.code == 1  # nothing else lets us in


def test_a_key_that_is_given_when_asked_for_is_used(openssh: OpenSSH, tmp_path: Path) -> None:
    home = find_home(os.environ)
    access = Access(home.known_hosts, use_agent=False, use_default_keys=False)
    with closing(open_provider(openssh.endpoint, access)) as provider:
        with pytest.raises(AuthRequired) as caught:
            provider.resolve("")
        assert caught.value.needs == "key"
        access.secrets.answer(caught.value, str(openssh.key_path))
        assert provider.resolve("/") == "/"


def test_the_queue_is_granted_the_key_that_was_given_rather_than_the_general_one() -> None:
    access = Access(Path("hosts"), keys=(Path("/general"), Path("/second")))
    assert grant_for(access, "sftp://h:22").secrets == (("key", "", "/general"),)
    access.secrets.put("sftp://h:22", "key", "/given")
    assert grant_for(access, "sftp://h:22").secrets == (("key", "", "/given"),)
