"""E6: names that some system cannot have, or reads in its own way: they come back the same,
or what is refused says which character it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Place
from providers.registry import open_provider
from providers.sandbox.graph import GraphServer
from providers.sandbox.graph.profiles import ProfileName
from tests.contract.test_names import ODD_NAMES
from tests.faults.drive_case import PROFILES
from tests.servers.drive_place import ENDPOINT, GivenTokens, open_drive
from tests.servers.openssh import OpenSSH
from tests.transfers.queue_case import LOCAL, QueueCase
from transfers.model import FINISHED, Job, JobState, Policy

MORE = (
    *("CON", "NUL.", "nul.txt", "COM1", "LPT9.log", "trailing dot.", "trailing space "),
    *("%46", "a?b", "a#b", "a+b", "-leading", "--", "%2e%2e", "x" * 255, "é" * 127, "~$lock"),
    *("semi;colon", "a&b", "_vti_", "desktop.ini", ".lock", "{0}", "%s", "*"),
)
NAMES = tuple(n for n in dict.fromkeys((*ODD_NAMES, *MORE)) if "/" not in n)
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with a file of each name that this disk can have, and one that is deep."""
    folder = tmp_path / "tree"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_bytes(os.fsencode(name))
    deep = folder.joinpath(*["d" * 250] * 13)
    deep.mkdir(parents=True)
    (deep / "at the end of a long path").write_bytes(b"deep")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def access_to(server: OpenSSH, home: Path) -> Access:
    known = home / "known_hosts"
    known.write_text(server.known_hosts_line + "\n")
    return Access(known, keys=(server.key_path,), use_agent=False, use_default_keys=False)


def through(case: QueueCase, source: Place, target: Place) -> list[Job]:
    """The jobs of the tree at `source` into the folder `target`, at their end."""
    jobs = case.plan(source, target)
    numbers = case.send_new(*jobs, policy=Policy.OVERWRITE)
    return [case.reach(number, *FINISHED, JobState.PARKED) for number in numbers]


def test_E6_every_name_is_the_same_across_and_back(
    tree: Path, tmp_path: Path, openssh: OpenSSH
) -> None:
    case = QueueCase(tmp_path / "queue")
    there, back = tmp_path / "there", tmp_path / "back"
    there.mkdir()
    back.mkdir()
    endpoint = openssh.endpoint
    case.places[endpoint] = open_provider(endpoint, access_to(openssh, tmp_path))
    case.start()
    try:
        here, remote = Place(LOCAL, str(tree)), Place(endpoint, str(there))
        assert {job.state for job in through(case, here, remote)} == {JobState.DONE}
        source = Place(endpoint, f"{there}/tree")
        assert {j.state for j in through(case, source, Place(LOCAL, str(back)))} == {JobState.DONE}
    finally:
        case.close()
        case.places[endpoint].close()
    assert contents(there / "tree") == contents(back / "tree") == contents(tree)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("names", ["refuse", "map"])
def test_E6_a_drive_takes_a_name_or_says_which_character_it_cannot(
    tree: Path, tmp_path: Path, profile: ProfileName, names: str
) -> None:
    """What folds to one name there is asked about: no file takes another's place."""
    back = tmp_path / "back"
    back.mkdir()
    with GraphServer(profile) as server:
        tokens = GivenTokens(server.issue_token())
        case = QueueCase(tmp_path / "queue")
        case.places[ENDPOINT] = open_drive(server, tmp_path, tokens=tokens, names=names)
        case.start()
        try:
            up = through(case, Place(LOCAL, str(tree)), Place(ENDPOINT, "/"))
            done = {Path(job.source.path).name for job in up if job.state is JobState.DONE}
            for job in up:
                assert job.state is JobState.DONE or (job.reason.isprintable() and job.reason)
            case_of = Place(ENDPOINT, "/tree")
            through(case, case_of, Place(LOCAL, str(back)))
        finally:
            case.close()
            case.places[ENDPOINT].close()
    mine = {name: data for name, data in contents(tree).items() if Path(name).name in done}
    assert contents(back / "tree") == mine
    assert len(mine) > len(NAMES) // 3
