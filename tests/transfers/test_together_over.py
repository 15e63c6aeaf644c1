"""Batches whose destinations stand there already: replaced together, and only as was agreed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Entry, Place, Provider
from providers.local import LocalProvider
from providers.sftp.protocol import Status
from providers.sftp.provider import SftpProvider, open_endpoint
from tests.faults.lying_case import LyingCase, leftovers, lying_case, nth
from tests.servers.lying_sftp import OFFERS, POSIX_RENAME, Ask, Cut, LyingSftp
from tests.servers.openssh import OpenSSH, find_sshd
from tests.servers.scripted_sftp import status
from tests.transfers.queue_case import LOCAL, QueueCase, leftover_files
from transfers.batch import Sizes
from transfers.model import Job, JobState, NewJob, Op, Policy, ProofWord, Resolve, SetLimits

S = JobState
COUNT = 30
OLD, STRANGER = b"old", b"a stranger's"
WHEN = 1_700_000_000
AT_REST = (S.DONE, S.FAILED, S.PARKED, S.SKIPPED)
needs_sshd = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")


@pytest.fixture(autouse=True)
def together(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that fits goes together, however slow this machine is."""
    monkeypatch.setattr(Sizes, "of", lambda sizes, lane: COUNT)
    monkeypatch.setattr("transfers.runner.SECONDS", 60.0)
    monkeypatch.setattr("transfers.runs.LOOK_SECONDS", 60.0)


def data(number: int) -> bytes:
    return f"new {number} ".encode() * 100


def written(path: Path, content: bytes, modified: int = WHEN) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (modified, modified))


def uploads(case: LyingCase, old: Sequence[int]) -> list[NewJob]:
    """`old`: those whose destinations stand there."""
    if case.server.find("/to") is None:
        case.server.mkdir("/to")
    for number in old:
        case.server.put(f"/to/{number}", OLD)
    jobs = [case.upload(f"to/{number}", data(number)) for number in range(COUNT)]
    for number in range(COUNT):
        os.utime(case.folder / "to" / str(number), (WHEN, WHEN))
    return [replace(job, size=len(data(number))) for number, job in enumerate(jobs)]


def downloads(case: LyingCase, old: Sequence[int]) -> list[NewJob]:
    for number in range(COUNT):
        case.server.put(f"/{number}", data(number)).modified = WHEN
    for number in old:
        written(case.folder / str(number), OLD, WHEN - 1000)
    jobs = [case.download(str(number)) for number in range(COUNT)]
    return [replace(job, size=len(data(number))) for number, job in enumerate(jobs)]


def ended(case: QueueCase, jobs: Sequence[NewJob], policy: Policy = Policy.OVERWRITE) -> list[Job]:
    case.engine.send(SetLimits(workers=1))
    return [case.reach(number, *AT_REST) for number in case.send_new(*jobs, policy=policy)]


def all_new(case: LyingCase, *, but: Sequence[int] = ()) -> bool:
    """At the server, and nothing unfinished."""
    assert leftovers(case.server.names("/to")) == []
    found = [case.server.get(f"/to/{number}") for number in range(COUNT) if number not in but]
    return found == [data(number) for number in range(COUNT) if number not in but]


def all_proven(jobs: Sequence[Job]) -> bool:
    words = [job.proof.word for job in jobs if job.proof is not None]
    return words == [ProofWord.SHA256] * COUNT


def skip(case: QueueCase, job: Job) -> None:
    """A person leaves what stands there."""
    case.engine.send(Resolve(job.id, Policy.SKIP))
    case.reach(job.id, S.SKIPPED)


def noted(finish: Callable[..., Entry], alone: list[str]) -> Callable[..., Entry]:
    """`finish`, and in `alone` what it was asked for."""

    def told(place: Provider, upload: str, *more: object, **rest: object) -> Entry:
        alone.append(upload)
        return finish(place, upload, *more, **rest)

    return told


def test_old_files_on_a_server_are_replaced_together(tmp_path: Path) -> None:
    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        jobs = ended(case, uploads(case, range(COUNT)))
        assert {(job.state, job.attempt) for job in jobs} == {(S.DONE, 1)}
        assert all_proven(jobs)
        assert all_new(case)
    at = server.asked.index(POSIX_RENAME)
    assert server.asked[at : at + COUNT] == [POSIX_RENAME] * COUNT
    assert server.asked.count("LSTAT") <= 4 * COUNT + 10


def test_old_files_of_this_computer_are_replaced_together(tmp_path: Path) -> None:
    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        jobs = ended(case, downloads(case, range(COUNT)))
        assert {(job.state, job.attempt) for job in jobs} == {(S.DONE, 1)}
        assert all_proven(jobs)
        assert [case.there(str(number)) for number in range(COUNT)] == list(map(data, range(COUNT)))
        assert leftover_files(tmp_path) == []
    at = server.asked.index("OPEN")
    assert server.asked[at : at + COUNT] == ["OPEN"] * COUNT


def test_new_files_and_old_ones_go_in_one_batch(tmp_path: Path) -> None:
    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        jobs = ended(case, uploads(case, range(0, COUNT, 2)))
        assert {job.state for job in jobs} == {S.DONE}
        assert all_new(case)
    first = min(server.asked.index("RENAME"), server.asked.index(POSIX_RENAME))
    assert set(server.asked[first : first + COUNT]) == {"RENAME", POSIX_RENAME}


def test_what_is_journaled_before_says_what_each_may_replace(tmp_path: Path) -> None:
    server = LyingSftp()
    seen: list[set[tuple[S, str | None]]] = []
    with lying_case(tmp_path, server) as case:
        jobs = uploads(case, range(COUNT))
        there = case.places[jobs[0].target.endpoint].stat("/to/0").version

        def look(ask: Ask, truth: Callable[[], bytes]) -> bytes:
            found = [case.job(number) for number in range(1, COUNT + 1)]
            seen.append({(job.state, job.replacing) for job in found})
            return truth()

        server.lie = nth(POSIX_RENAME, 1, look)
        ended(case, jobs)
    assert seen == [{(S.COMMITTING, there)}]


@pytest.mark.parametrize(
    ("policy", "state", "replaced"),
    [
        (Policy.ASK, S.PARKED, False),
        (Policy.SKIP, S.SKIPPED, False),
        (Policy.RENAME, S.DONE, False),
        (Policy.OVERWRITE, S.DONE, True),
        (Policy.NEWER, S.DONE, True),
        (Policy.DIFFERENT, S.DONE, True),
    ],
)
def test_each_policy_does_what_it_does_one_by_one(
    tmp_path: Path, policy: Policy, state: S, replaced: bool
) -> None:
    old = range(0, COUNT, 3)
    with lying_case(tmp_path, LyingSftp()) as case:
        jobs = ended(case, downloads(case, old), policy)
        assert {jobs[number].state for number in old} == {state}
        assert {job.state for number, job in enumerate(jobs) if number not in old} == {S.DONE}
        there = {number: case.there(str(number)) for number in old}
        assert there == {number: data(number) if replaced else OLD for number in old}
        assert case.there("3 (2)") == (data(3) if policy is Policy.RENAME else None)


@pytest.mark.parametrize("policy", [Policy.NEWER, Policy.DIFFERENT])
def test_what_is_as_new_or_the_same_is_skipped_and_not_read(tmp_path: Path, policy: Policy) -> None:
    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        jobs = downloads(case, range(COUNT))
        for number in range(0, COUNT, 2):
            written(case.folder / str(number), data(number)[::-1])  # of the same size and time
        states = [job.state for job in ended(case, jobs, policy)]
        assert states == [S.SKIPPED, S.DONE] * (COUNT // 2)
        assert case.there("2") == data(2)[::-1]
        assert case.there("3") == data(3)
    assert server.asked.count("OPEN") == COUNT // 2


def test_what_was_agreed_on_is_replaced_and_what_is_another_is_asked_about(tmp_path: Path) -> None:
    """As a mirror's update, which knows what it saw there."""
    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        jobs = uploads(case, range(COUNT))
        place = case.places[jobs[0].target.endpoint]
        jobs = [replace(job, agreed=place.stat(job.target.path).version) for job in jobs]
        server.put("/to/4", STRANGER)
        states = [job.state for job in ended(case, jobs)]
        assert states == [S.PARKED if number == 4 else S.DONE for number in range(COUNT)]
        assert all_new(case, but=[4])
        assert server.get("/to/4") == STRANGER
    assert POSIX_RENAME in server.asked
    at = server.asked.index(POSIX_RENAME)
    assert server.asked[at : at + COUNT - 1] == [POSIX_RENAME] * (COUNT - 1)


def test_a_file_on_a_server_that_changes_before_the_name_is_given_is_kept(tmp_path: Path) -> None:
    server = LyingSftp()

    def change(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        server.put("/to/4", STRANGER)
        return truth()

    server.lie = nth("WRITE", COUNT, change)
    with lying_case(tmp_path, server) as case:
        jobs = ended(case, uploads(case, range(COUNT)))
        assert [number for number, job in enumerate(jobs) if job.state is not S.DONE] == [4]
        assert jobs[4].state is S.PARKED
        skip(case, jobs[4])
        assert server.get("/to/4") == STRANGER
        assert all_new(case, but=[4])


def test_a_file_of_this_computer_that_changes_before_the_name_is_given_is_kept(
    tmp_path: Path,
) -> None:
    server = LyingSftp()
    with lying_case(tmp_path, server) as case:

        def change(ask: Ask, truth: Callable[[], bytes]) -> bytes:
            written(case.folder / "4", STRANGER)
            return truth()

        server.lie = nth("READ", COUNT, change)
        jobs = ended(case, downloads(case, range(COUNT)))
        assert [number for number, job in enumerate(jobs) if job.state is not S.DONE] == [4]
        assert jobs[4].state is S.PARKED
        skip(case, jobs[4])
        assert case.there("4") == STRANGER
        assert case.there("5") == data(5)
        assert leftover_files(tmp_path) == []


def test_a_source_that_is_another_than_was_decided_about_is_decided_about_anew(
    tmp_path: Path,
) -> None:
    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        jobs = downloads(case, range(COUNT))
        seen = 0

        def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
            nonlocal seen
            seen += ask.path == "/4" and ask.what == "LSTAT"
            if seen == 2:  # the decision has been made, the file is looked at to be read
                server.put("/4", data(4)).modified = WHEN - 5000
            return truth()

        server.lie = lie
        found = ended(case, jobs, Policy.NEWER)
        assert [number for number, job in enumerate(found) if job.state is not S.DONE] == [4]
        assert found[4].state is S.SKIPPED
        assert case.there("4") == OLD


def test_a_link_and_a_directory_in_the_way_are_dealt_with_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone: list[str] = []
    monkeypatch.setattr(LocalProvider, "finish", noted(LocalProvider.finish, alone))
    with lying_case(tmp_path, LyingSftp()) as case:
        jobs = downloads(case, range(COUNT))
        written(case.folder / "kept", b"kept")
        for number in (4, 5):
            (case.folder / str(number)).unlink()
        (case.folder / "4").symlink_to("kept")
        (case.folder / "5").mkdir()
        found = ended(case, jobs)
        assert [number for number, job in enumerate(found) if job.state is not S.DONE] == [5]
        assert found[5].state is S.FAILED
        assert not (case.folder / "4").is_symlink()
        assert case.there("4") == data(4)
        assert case.there("kept") == b"kept"
        assert len(alone) == 1


def test_what_could_not_be_seen_is_not_taken_for_nothing(tmp_path: Path) -> None:
    refused: list[str] = []

    def unseen(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        if refused or (ask.what, ask.path) != ("LSTAT", "/to/4"):
            return truth()
        refused.append(ask.path)
        return status(ask.number, Status.FAILURE, b"Failure")

    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        jobs = uploads(case, range(COUNT))
        server.lie = unseen
        assert {(job.state, job.attempt) for job in ended(case, jobs)} == {(S.DONE, 1)}
        assert all_new(case)


def test_a_server_that_cannot_replace_in_one_step_loses_nothing(tmp_path: Path) -> None:
    server = LyingSftp(offers=OFFERS - {POSIX_RENAME})
    with lying_case(tmp_path, server) as case:
        jobs = ended(case, uploads(case, range(COUNT)))
        assert {job.state for job in jobs} == {S.DONE}
        assert all_new(case)


@pytest.mark.parametrize("what", ["OPEN", "WRITE", "READ", "CLOSE", "LSTAT", POSIX_RENAME])
@pytest.mark.parametrize("number", [1, COUNT // 2, COUNT])
def test_what_is_lost_on_the_way_is_settled_by_looking(
    tmp_path: Path, what: str, number: int
) -> None:
    def lost(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        truth()
        raise Cut

    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        jobs = uploads(case, range(COUNT))
        server.lie = nth(what, number, lost)
        assert {job.state for job in ended(case, jobs)} == {S.DONE}
        assert all_new(case)


# A real server


@contextmanager
def real(tmp_path: Path) -> Iterator[tuple[QueueCase, str]]:
    """A queue, and the endpoint of a server in it."""
    with OpenSSH(tmp_path / "sshd") as server, closing(QueueCase(tmp_path / "queue")) as case:
        hosts, keys = tmp_path / "hosts", (server.key_path,)
        access = Access(hosts, accept_new=True, keys=keys, use_agent=False, use_default_keys=False)
        with closing(open_endpoint(server.endpoint, access)) as place:
            case.places[server.endpoint] = place
            case.start(workers=1)
            yield case, server.endpoint
            case.close()


def between(source: Place, target: Place) -> list[NewJob]:
    return [
        NewJob(
            Op.COPY,
            Place(source.endpoint, f"{source.path}/{number}"),
            Place(target.endpoint, f"{target.path}/{number}"),
            size=len(data(number)),
            within=target.path,
        )
        for number in range(COUNT)
    ]


@needs_sshd
@pytest.mark.parametrize("up", [True, False])
def test_a_real_server_s_files_are_replaced_with_modes_and_times_as_new_ones_have_them(
    tmp_path: Path, up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone: list[str] = []
    for place in (SftpProvider, LocalProvider):
        monkeypatch.setattr(place, "finish", noted(place.finish, alone))
    for number in range(COUNT):
        written(tmp_path / f"from/{number}", data(number), WHEN + number)
        (tmp_path / f"from/{number}").chmod(0o640)
        written(tmp_path / f"to/{number}", OLD)
        (tmp_path / f"to/{number}").chmod(0o444)
    with real(tmp_path) as (case, endpoint):
        ends = (LOCAL, endpoint) if up else (endpoint, LOCAL)
        source, target = (
            Place(ends[0], str(tmp_path / "from")),
            Place(ends[1], str(tmp_path / "to")),
        )
        jobs = ended(case, between(source, target))
    assert {(job.state, job.attempt) for job in jobs} == {(S.DONE, 1)}
    assert all_proven(jobs)
    assert alone == []
    for number in range(COUNT):
        path = tmp_path / f"to/{number}"
        assert path.read_bytes() == data(number)
        assert path.stat().st_mtime == WHEN + number
        assert path.stat().st_mode & 0o777 == 0o640
    assert leftover_files(tmp_path) == []


@needs_sshd
@pytest.mark.parametrize("up", [True, False])
def test_files_are_not_replaced_by_themselves_reached_over_a_server(
    tmp_path: Path, up: bool
) -> None:
    for number in range(COUNT):
        written(tmp_path / f"files/{number}", data(number))
    before = {path.name: path.stat() for path in (tmp_path / "files").iterdir()}
    with real(tmp_path) as (case, endpoint):
        ends = (LOCAL, endpoint) if up else (endpoint, LOCAL)
        source, target = (Place(end, str(tmp_path / "files")) for end in ends)
        jobs = ended(case, between(source, target))
    assert {job.state for job in jobs} == {S.FAILED}
    assert all("same file" in job.reason for job in jobs)
    assert leftover_files(tmp_path) == []
    after = {path.name: path.stat() for path in (tmp_path / "files").iterdir()}
    assert {name: (one.st_ino, one.st_mtime_ns) for name, one in after.items()} == {
        name: (one.st_ino, one.st_mtime_ns) for name, one in before.items()
    }
