"""E7: nothing that names a server, and nothing in a configuration but a ProxyCommand, reaches a
shell (CVE-2023-51385)."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from providers import location
from providers.access import Access
from providers.errors import InvalidName, ProviderError
from providers.sftp.options import Options, options_for
from providers.sftp.provider import open_endpoint
from providers.sftp.target import target

HOSTILE = [
    "a`x`",
    "$(x)",
    "a;x",
    "a|x",
    "a&x",
    "a b",
    "-oProxyCommand=x",
    "a'x",
    'a"x',
    "a>x",
    "a\nx",
    "{a,b}",
    "a\\",
]


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "ran"


@pytest.fixture
def config(tmp_path: Path, canary: Path) -> Path:
    """One that would run anything that gets into it."""
    path = tmp_path / "config"
    path.write_text(
        f'Match exec "touch {canary}; test x%h = x"\n  Port 1\n'
        f"Host *\n  ProxyCommand touch {canary}; : %h %n %r\n"
    )
    return path


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("where", ["sftp://{}:22", "sftp://{}@host:22"])
def test_E7_names_that_a_shell_reads_more_into_are_refused_before_anything_is_read(
    name: str, where: str, tmp_path: Path, config: Path, canary: Path
) -> None:
    access = Access(tmp_path / "hosts", ssh_config=config)
    with pytest.raises(InvalidName):
        open_endpoint(where.format(name), access)
    with pytest.raises(InvalidName):
        open_endpoint(location.parse(where.format(name) + "/x").endpoint, access)
    assert not canary.exists()


def test_E7_match_exec_is_never_run_and_does_not_count(tmp_path: Path, canary: Path) -> None:
    path = tmp_path / "config"
    path.write_text(
        f'Match exec "touch {canary}"\n  Port 1\nMatch host box exec "touch {canary}"\n  Port 2\n'
        "Match !exec false\n  Port 3\nMatch all\n  Port 4\n"
    )
    found = options_for(path, "box", port=None, user="")
    assert found.port == 4
    assert not canary.exists()
    places = [note.partition(":")[0] for note in found.notes]
    assert places == [f"line {number} of {path}" for number in (1, 3, 5)]


@pytest.mark.parametrize("mode", [0o666, 0o602])
def test_E7_a_proxycommand_of_a_file_that_others_can_change_is_not_run(
    tmp_path: Path, config: Path, canary: Path, mode: int
) -> None:
    config.chmod(mode)
    place = open_endpoint("sftp://host", Access(tmp_path / "hosts", ssh_config=config))
    with closing(place), pytest.raises(ProviderError, match="others can change"):
        place.resolve("")
    assert not canary.exists()


def test_E7_without_a_file_of_the_persons_own_nothing_is_followed(tmp_path: Path) -> None:
    assert target("sftp://host").options == Options()
    assert Access(tmp_path / "hosts").ssh_config is None
