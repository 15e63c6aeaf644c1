"""Batches over SFTP, where many files are under way at once: what holds for each holds here too."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from providers.access import Access
from providers.base import Place
from providers.sftp import gathering
from providers.sftp.protocol import Status
from providers.sftp.provider import SftpProvider, open_endpoint
from tests.faults.lying_case import HURRIED, LyingCase, leftovers, lying_case, nth
from tests.servers.lying_sftp import ENDPOINT, FSYNC, Ask, Cut, Frozen, Lie, LyingSftp
from tests.servers.openssh import OpenSSH, find_sshd
from tests.servers.scripted_sftp import status
from tests.transfers.queue_case import QueueCase
from transfers import runner
from transfers.batch import SMALL, Sizes
from transfers.control import Stop
from transfers.model import (
    FINISHED,
    Cancel,
    Job,
    JobState,
    NewJob,
    Op,
    Policy,
    ProofWord,
    SetLimits,
    Verify,
)
from transfers.run import Run
from transfers.watchdog import LowSpeed

S = JobState
COUNT = 30


@pytest.fixture(autouse=True)
def together(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that fits goes together, however slow this machine is."""
    monkeypatch.setattr(Sizes, "of", lambda sizes, lane: COUNT)
    monkeypatch.setattr("transfers.runner.SECONDS", 60.0)
    monkeypatch.setattr("transfers.runs.LOOK_SECONDS", 60.0)


def data(number: int) -> bytes:
    return f"{number} ".encode() * 100


def refused(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    return status(ask.number, Status.FAILURE, b"Failure")


def lost(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    truth()
    raise Cut


def sized(job: NewJob, number: int) -> NewJob:
    return replace(job, size=len(data(number)))


def uploads(case: LyingCase) -> list[NewJob]:
    return [sized(case.upload(f"new/{number}", data(number)), number) for number in range(COUNT)]


def up(case: LyingCase, verify: Verify = Verify.AUTO, policy: Policy = Policy.ASK) -> list[Job]:
    case.engine.send(SetLimits(workers=1))
    numbers = case.send_new(*uploads(case), verify=verify, policy=policy)
    return [case.reach(number, S.DONE, S.FAILED, S.PARKED, S.SKIPPED) for number in numbers]


def down(case: LyingCase) -> list[Job]:
    case.engine.send(SetLimits(workers=1))
    for number in range(COUNT):
        if case.server.find(f"/{number}") is None:
            case.server.put(f"/{number}", data(number))
    jobs = [sized(case.download(str(number)), number) for number in range(COUNT)]
    numbers = case.send_new(*jobs, policy=Policy.ASK)
    return [case.reach(number, S.DONE, S.FAILED, S.PARKED, S.SKIPPED) for number in numbers]


def all_there(server: LyingSftp) -> bool:
    names = server.names("/new")
    assert leftovers(names) == []
    return {name: server.get(f"/new/{name}") for name in names} == {
        str(number): data(number) for number in range(COUNT)
    }


def test_uploads_go_together_each_proven_by_what_was_stored(tmp_path: Path) -> None:
    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        jobs = up(case)
    assert {job.state for job in jobs} == {S.DONE}
    assert {job.proof.word for job in jobs if job.proof} == {ProofWord.SHA256}
    assert all(job.proof is not None for job in jobs)
    assert all_there(server)
    at = server.asked.index("RENAME")
    assert server.asked[at : at + COUNT] == ["RENAME"] * COUNT


def test_a_stop_that_comes_as_they_were_found_proven_leaves_none_half_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_proven = runner._is_proven

    def stopped_then(run: Run) -> bool:
        found = is_proven(run)
        run.control.stop(Stop.YIELD)
        return found

    monkeypatch.setattr(runner, "_is_proven", stopped_then)
    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        jobs = up(case)
    assert {job.state for job in jobs} == {S.DONE}
    assert all_there(server)


def test_no_file_gets_its_name_before_the_journal_knows(tmp_path: Path) -> None:
    server = LyingSftp()
    seen: list[set[S]] = []

    with lying_case(tmp_path, server) as case:

        def look(ask: Ask, truth: Callable[[], bytes]) -> bytes:
            seen.append({case.job(number).state for number in range(1, COUNT + 1)})
            return truth()

        server.lie = nth("RENAME", 1, look)
        up(case)
    assert seen == [{S.COMMITTING}]


def test_who_asks_for_sizes_only_gets_no_more(tmp_path: Path) -> None:
    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        jobs = up(case, Verify.SIZE)
    assert {job.proof.word for job in jobs if job.proof} == {ProofWord.SIZE_ONLY}
    assert "READ" not in server.asked


@pytest.mark.parametrize("verify", [Verify.SIZE, Verify.STRONG])
def test_files_of_many_chunks_are_whole_also_where_nobody_looks(
    tmp_path: Path, verify: Verify
) -> None:
    server = LyingSftp()
    contents = [os.urandom(40_000 + 30_000 * number) for number in range(8)]
    with lying_case(tmp_path, server) as case:
        case.engine.send(SetLimits(workers=1))
        jobs = [
            replace(case.upload(f"new/{number}", content), size=len(content))
            for number, content in enumerate(contents)
        ]
        numbers = case.send_new(*jobs, verify=verify)
        ended = [case.reach(number, S.DONE, S.FAILED) for number in numbers]
    assert {(job.state, job.attempt) for job in ended} == {(S.DONE, 1)}
    assert [server.get(f"/new/{number}") for number in range(8)] == contents


@pytest.mark.parametrize("what", ["OPEN", "WRITE", "FSTAT", "READ", "CLOSE", "RENAME", "LSTAT"])
@pytest.mark.parametrize("number", [1, COUNT // 2])
def test_what_is_lost_on_the_way_is_settled_by_looking(
    tmp_path: Path, what: str, number: int
) -> None:
    server = LyingSftp(lie=nth(what, number, lost))
    with lying_case(tmp_path, server) as case:
        jobs = up(case)
    assert {job.state for job in jobs} == {S.DONE}
    assert all_there(server)


@pytest.mark.parametrize("what", ["OPEN", "WRITE", "READ"])
def test_what_one_file_is_refused_costs_no_other(tmp_path: Path, what: str) -> None:
    server = LyingSftp(lie=nth(what, 5, refused))
    with lying_case(tmp_path, server) as case:
        jobs = up(case)
    assert {job.state for job in jobs} == {S.DONE}  # alone it was not refused
    assert all_there(server)


def test_a_failed_sync_fails_its_file_only(tmp_path: Path) -> None:
    server = LyingSftp(lie=nth(FSYNC, 5, refused))
    with lying_case(tmp_path, server) as case:
        jobs = up(case)
    (failed,) = [job for job in jobs if job.state is not S.DONE]
    assert failed.state is S.FAILED
    assert len(server.names("/new")) == COUNT - 1


def test_bytes_that_were_altered_over_there_are_sent_again(tmp_path: Path) -> None:
    server = LyingSftp()

    def flip(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        told, node = truth(), server.find(ask.path)
        assert node is not None
        node.data[0] ^= 1
        return told

    server.lie = nth("WRITE", 5, flip)
    with lying_case(tmp_path, server) as case:
        jobs = up(case)
    assert {job.state for job in jobs} == {S.DONE}
    assert all_there(server)


def test_downloads_are_fetched_together_and_proven(tmp_path: Path) -> None:
    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        jobs = down(case)
        assert [case.there(str(number)) for number in range(COUNT)] == list(map(data, range(COUNT)))
    assert {job.state for job in jobs} == {S.DONE}
    assert {job.proof.word for job in jobs if job.proof} == {ProofWord.SHA256}
    at = server.asked.index("OPEN")
    assert server.asked[at : at + COUNT] == ["OPEN"] * COUNT
    assert server.asked.count("READ") == 2 * COUNT


@pytest.mark.parametrize("what", ["LSTAT", "OPEN", "READ", "CLOSE"])
def test_a_connection_lost_while_they_are_fetched_costs_nothing(tmp_path: Path, what: str) -> None:
    server = LyingSftp(lie=nth(what, COUNT // 2, lost))
    with lying_case(tmp_path, server) as case:
        jobs = down(case)
        assert [case.there(str(number)) for number in range(COUNT)] == list(map(data, range(COUNT)))
    assert {job.state for job in jobs} == {S.DONE}
    assert {job.attempt for job in jobs} == {1}


def test_a_file_that_stands_there_is_not_fetched_before_a_person_has_spoken(tmp_path: Path) -> None:
    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        (case.folder / "7").write_bytes(b"mine")
        jobs = down(case)
        assert case.there("7") == b"mine"
    assert [job.state for job in jobs].count(S.PARKED) == 1
    assert server.asked.count("OPEN") == COUNT - 1


def test_a_cancel_while_many_are_stored_ends_that_one_and_leaves_nothing(tmp_path: Path) -> None:
    server = LyingSftp()
    reached, go_on = threading.Event(), threading.Event()

    def hold(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        reached.set()
        assert go_on.wait(30)
        return truth()

    server.lie = nth("WRITE", 5, hold)
    with lying_case(tmp_path, server) as case:
        case.engine.send(SetLimits(workers=1))
        numbers = case.send_new(*uploads(case), policy=Policy.ASK)
        assert reached.wait(30)
        case.engine.send(Cancel((numbers[9],)))
        go_on.set()
        ended = [case.reach(number, S.DONE, S.FAILED, S.CANCELLED) for number in numbers]
        assert ended[9].state is S.CANCELLED
        assert [job.state for job in ended].count(S.DONE) == COUNT - 1
        names = server.names("/new")
    assert sorted(names) == sorted(str(number) for number in range(COUNT) if number != 9)


def test_a_file_that_is_no_longer_small_goes_alone(tmp_path: Path) -> None:
    server = LyingSftp({"/7": bytes(SMALL + 1)})
    with lying_case(tmp_path, server) as case:
        jobs = down(case)
        assert case.there("7") == bytes(SMALL + 1)
    assert {job.state for job in jobs} == {S.DONE}


def frozen_at(what: str, path: str) -> Lie:
    """The truth, but for the connection that asks for this: nothing comes from there any more."""

    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        if ask.what == what and ask.path == path:
            raise Frozen
        return truth()

    return lie


def test_nothing_waits_behind_a_file_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetching was given up on, and alone it hangs as well: others have what is behind it."""
    monkeypatch.setattr("transfers.runs.LOOK_SECONDS", 0.1)
    monkeypatch.setattr(SftpProvider, "fetch", lambda place, files: [None] * len(files))
    server = LyingSftp(lie=frozen_at("LSTAT", "/0"))
    for number in range(COUNT):
        server.put(f"/{number}", data(number))
    with lying_case(tmp_path, server, replace(HURRIED, answer=50.0)) as case:
        case.engine.send(SetLimits(workers=2))
        jobs = [sized(case.download(str(number)), number) for number in range(COUNT)]
        numbers = case.send_new(*jobs)
        for number in numbers[1:]:
            case.reach(number, S.DONE)
        assert case.job(numbers[0]).state not in FINISHED


@pytest.mark.parametrize(("what", "path"), [("READ", "/5"), ("WRITE", "/new/.5.")])
def test_a_batch_that_hardly_moves_is_cut_off_and_each_goes_alone(
    tmp_path: Path, what: str, path: str
) -> None:
    server, frozen = LyingSftp(), threading.Event()

    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        if ask.what == what and ask.path.startswith(path) and not frozen.is_set():
            frozen.set()
            raise Frozen
        return truth()

    server.lie = lie
    with lying_case(tmp_path, server, replace(HURRIED, answer=1000.0)) as case:
        case.engine.close()
        case.places[ENDPOINT] = server.provider(replace(HURRIED, answer=1000.0))
        case.start(workers=1, low_speed=LowSpeed(seconds=0.5))  # type: ignore[arg-type]
        jobs = down(case) if what == "READ" else up(case)
    assert frozen.is_set()
    assert {(job.state, job.attempt) for job in jobs} == {(S.DONE, 1)}


def test_a_server_that_is_gone_is_not_knocked_at_by_each_file_of_a_batch(tmp_path: Path) -> None:
    server = LyingSftp()
    gone = 0

    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        nonlocal gone
        if ask.what == "WRITE" and not gone:
            gone = 1
            raise Cut
        if ask.what == "INIT" and 0 < gone <= 4:
            gone += 1
            raise Cut
        return truth()

    server.lie = lie
    with lying_case(tmp_path, server) as case:
        jobs = up(case)
    assert {job.state for job in jobs} == {S.DONE}
    assert len([job for job in jobs if job.attempt > 1]) == 1
    assert all_there(server)


def _broken(*arguments: object) -> NoReturn:
    raise RuntimeError("a bug")


@pytest.mark.parametrize("where", ["_stored", "_sealed", "_name_all"])
def test_a_bug_in_what_goes_together_costs_no_job(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, where, _broken)
    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        jobs = up(case)
    assert {job.state for job in jobs} == {S.DONE}
    assert all_there(server)


def test_a_bug_in_what_is_fetched_together_costs_no_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SftpProvider, "fetch", _broken)
    with lying_case(tmp_path, LyingSftp()) as case:
        jobs = down(case)
        assert [case.there(str(number)) for number in range(COUNT)] == list(map(data, range(COUNT)))
    assert {job.state for job in jobs} == {S.DONE}


@pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")
def test_what_a_server_copies_itself_is_not_kept_back(tmp_path: Path) -> None:
    """It copies into an upload that it has: there was none, and each job failed once."""
    (tmp_path / "from").mkdir()
    for number in range(COUNT):
        (tmp_path / f"from/{number}").write_bytes(data(number))
    with OpenSSH(tmp_path / "sshd") as server, closing(QueueCase(tmp_path / "queue")) as case:
        access = Access(
            tmp_path / "hosts",
            accept_new=True,
            keys=(server.key_path,),
            use_agent=False,
            use_default_keys=False,
        )
        with closing(open_endpoint(server.endpoint, access)) as place:
            case.places[server.endpoint] = place
            case.start(workers=1)
            source, target = (
                [Place(server.endpoint, str(tmp_path / folder / str(n))) for n in range(COUNT)]
                for folder in ("from", "to")
            )
            jobs = [sized(NewJob(Op.COPY, source[n], target[n]), n) for n in range(COUNT)]
            numbers = case.send_new(*jobs)
            ended = [case.reach(number, S.DONE, S.FAILED) for number in numbers]
            case.close()
    assert {(job.state, job.attempt) for job in ended} == {(S.DONE, 1)}
    assert [(tmp_path / f"to/{n}").read_bytes() for n in range(COUNT)] == [
        data(number) for number in range(COUNT)
    ]
