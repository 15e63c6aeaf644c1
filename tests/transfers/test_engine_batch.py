"""Many small files through one thread: what holds for one of them alone holds for each."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from providers.base import Body, Place
from providers.errors import Denied, Throttled, Unreachable
from tests.transfers.host_case import until
from tests.transfers.queue_case import (
    LEFT,
    RIGHT,
    Hold,
    Memory,
    QueueCase,
    leftover_files,
)
from tests.transfers.victim import victim
from transfers.batch import SMALL, Batch, Sizes
from transfers.journal import Journal
from transfers.limit import Limiter
from transfers.model import (
    Cancel,
    JobState,
    NewJob,
    Op,
    ParkReason,
    Pause,
    Policy,
    ProofWord,
    Resume,
    SetLimits,
)
from transfers.model import Hold as HoldCommand
from transfers.run import Run

S = JobState
COUNT = 50


@pytest.fixture(autouse=True)
def together(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that fits goes together, however slow this machine is."""
    monkeypatch.setattr(Sizes, "of", lambda sizes, lane: COUNT)
    monkeypatch.setattr("transfers.runner.SECONDS", 60.0)
    monkeypatch.setattr("transfers.runs.LOOK_SECONDS", 60.0)


def _send(case: QueueCase, count: int = COUNT, policy: Policy = Policy.ASK) -> tuple[int, ...]:
    """Copies of `count` small files, for one worker."""
    case.engine.send(SetLimits(workers=1))
    new = []
    for n in range(count):
        case.left.put(f"/{n}", _bytes(n))
        new.append(
            NewJob(Op.COPY, Place(LEFT, f"/{n}"), Place(RIGHT, f"/{n}"), size=len(_bytes(n)))
        )
    return case.send_new(*new, policy=policy)


def _bytes(n: int) -> bytes:
    return f"{n} ".encode() * 100


def _states(case: QueueCase, numbers: tuple[int, ...]) -> Counter[JobState]:
    return Counter(case.job(number).state for number in numbers)


def _all_but(case: QueueCase, numbers: tuple[int, ...], *others: int) -> None:
    """Every file but those at these places in the queue is done, and proven."""
    jobs = case.finish(*(number for n, number in enumerate(numbers) if n not in others))
    assert {job.state for job in jobs} == {S.DONE}
    assert {job.proof.word for job in jobs if job.proof} == {ProofWord.SHA256}
    for n in set(range(len(numbers))) - set(others):
        assert case.right.get(f"/{n}") == _bytes(n)


def test_no_file_gets_its_name_before_the_journal_knows_all_that_tells_whose_it_is(
    case: QueueCase,
) -> None:
    case.right.store.fail = hold = Hold("finish")
    numbers = _send(case)
    hold.wait()
    assert _states(case, numbers) == {S.COMMITTING: COUNT}
    jobs = [case.job(number) for number in numbers]
    assert all(job.begun and job.upload and job.digest and job.proof for job in jobs)
    assert len(case.right.leftovers()) == len(case.right.paths()) == COUNT
    hold.release()
    _all_but(case, numbers)
    assert case.right.leftovers() == []


def test_each_file_is_told_to_have_ended_once(case: QueueCase) -> None:
    numbers = _send(case)
    _all_but(case, numbers)
    assert all(case.watch.states(number).count(S.DONE) == 1 for number in numbers)
    assert {case.job(number).attempt for number in numbers} == {1}


def test_one_bad_file_fails_alone(case: QueueCase) -> None:
    case.left.store.fail = Hold("read", path="/7", times=99, error=Denied("/7"))
    numbers = _send(case)
    _all_but(case, numbers, 7)
    (bad,) = case.finish(numbers[7])
    assert (bad.state, bad.begun) == (S.FAILED, False)
    assert case.right.get("/7") is None
    assert case.right.leftovers() == []


@pytest.mark.usefixtures("quiet", "soon")
def test_a_mistake_of_ours_costs_one_file(case: QueueCase) -> None:
    case.right.store.fail = Hold("put_part", nth=8, error=RuntimeError("bug"))
    _all_but(case, _send(case))


def test_one_that_exists_waits_for_a_person_alone(case: QueueCase) -> None:
    case.right.put("/7", b"somebody else's")
    numbers = _send(case)
    _all_but(case, numbers, 7)
    case.parked(numbers[7], ParkReason.CONFLICT)
    assert case.right.get("/7") == b"somebody else's"


def test_one_that_appears_while_it_waits_for_its_name_is_kept(case: QueueCase) -> None:
    case.right.store.fail = hold = Hold("finish")
    numbers = _send(case)
    hold.wait()
    case.right.put("/7", b"somebody else's")
    hold.release()
    _all_but(case, numbers, 7)
    case.parked(numbers[7], ParkReason.CONFLICT)
    assert case.right.get("/7") == b"somebody else's"


@pytest.mark.parametrize(("command", "ends"), [(Pause, S.PAUSED), (Cancel, S.CANCELLED)])
def test_one_that_was_not_begun_stops_at_once(
    case: QueueCase, command: type[Pause] | type[Cancel], ends: JobState
) -> None:
    case.left.store.fail = hold = Hold("read")
    numbers = _send(case)
    hold.wait()
    case.engine.send(command((numbers[7],)))
    job = case.reach(numbers[7], ends)
    assert (job.begun, job.attempt if ends is S.PAUSED else 0) == (False, 0)
    assert case.job(numbers[0]).state is not S.DONE
    hold.release()
    _all_but(case, numbers, 7)
    assert case.right.get("/7") is None
    if ends is S.PAUSED:
        case.engine.send(Resume((numbers[7],)))
        _all_but(case, numbers)


@pytest.mark.parametrize(("command", "ends"), [(Pause, S.PAUSED), (Cancel, S.CANCELLED)])
def test_one_whose_bytes_are_there_stops_before_it_gets_its_name(
    case: QueueCase, command: type[Pause] | type[Cancel], ends: JobState
) -> None:
    case.left.store.fail = hold = Hold("read", nth=20)
    numbers = _send(case)
    hold.wait()
    case.engine.send(command((numbers[7],)))
    hold.release()
    job = case.reach(numbers[7], ends)
    assert case.right.get("/7") is None
    if ends is S.PAUSED:
        assert job.begun
        case.engine.send(Resume((numbers[7],)))
        case.finish(numbers[7])
    _all_but(case, numbers, *(() if ends is S.PAUSED else (7,)))


@pytest.mark.parametrize(
    "error",
    [
        Throttled("/0", retry_after=3600, endpoint=RIGHT),
        Unreachable(RIGHT, "nobody is at home"),
    ],
)
def test_trouble_of_a_place_is_met_by_one_and_the_others_go_back(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("transfers.retry.FIRST_DELAY", 1e6)
    case.restart(random=lambda: 1.0)  # type: ignore[arg-type]
    case.right.store.fail = trouble = Hold("begin", error=error)
    numbers = _send(case)
    case.reach(numbers[0], S.WAITING)
    until(lambda: _states(case, numbers)[S.QUEUED] == COUNT - 1)
    assert trouble.calls == 1
    assert {case.job(number).attempt for number in numbers[1:]} == {0}
    assert not any(case.job(number).begun for number in numbers[1:])


def test_nothing_more_is_begun_while_the_queue_is_held(case: QueueCase) -> None:
    case.left.store.fail = hold = Hold("read")
    numbers = _send(case)
    hold.wait()
    case.engine.send(HoldCommand())
    until(lambda: _states(case, numbers)[S.QUEUED] == COUNT - 1)
    hold.release()
    case.finish(numbers[0])
    assert case.right.paths() == ["/0"]
    case.engine.send(HoldCommand(on=False))
    _all_but(case, numbers)


def test_what_waits_behind_a_slow_file_is_worked_by_others(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfers.runs.LOOK_SECONDS", 0.0)
    case.left.store.fail = hold = Hold("read")
    numbers = _send(case)
    hold.wait()
    case.engine.send(SetLimits(workers=2))
    _wait_for_all_but_first(case, numbers)
    hold.release()
    _all_but(case, numbers)


def _wait_for_all_but_first(case: QueueCase, numbers: tuple[int, ...]) -> None:
    until(lambda: _states(case, numbers)[S.DONE] == COUNT - 1)
    assert case.job(numbers[0]).state is not S.DONE


def test_one_that_turns_out_to_be_large_runs_on_its_own(case: QueueCase) -> None:
    large = bytes(SMALL + 1)
    numbers = _send(case, 1)
    _all_but(case, numbers)
    case.left.put("/large", large)
    case.left.put("/small", b"small")
    sizes = {"/large": 5, "/small": 5}
    new = [
        NewJob(Op.COPY, Place(LEFT, path), Place(RIGHT, path), size=size)
        for path, size in sizes.items()
    ]
    two = case.send_new(*new)
    assert {job.state for job in case.finish(*two)} == {S.DONE}
    assert case.right.get("/large") == large
    ends = [change.job.id for change in case.watch.heard if change.job.state is S.DONE]
    assert ends[-2:] == [two[1], two[0]]
    assert case.job(two[0]).attempt == 1


class Counting(Memory):
    """How many uploads are worked at once, at the most."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.guard = threading.Lock()
        self.pause = threading.Event()

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        with self.guard:
            self.now += 1
            self.most = max(self.most, self.now)
        self.pause.wait(0.001)  # long enough for others to come, if they may
        try:
            return super().put_part(upload, index, offset, body)
        finally:
            with self.guard:
                self.now -= 1


@pytest.mark.parametrize(("workers", "connections", "most"), [(2, 8, 2), (8, 3, 3)])
def test_no_more_files_are_worked_at_once_than_may_be(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch, workers: int, connections: int, most: int
) -> None:
    monkeypatch.setattr(Sizes, "of", lambda sizes, lane: 4)
    case.right = case.places[RIGHT] = counting = Counting()
    counting.connections = connections
    case.finish(*_send(case, 1))
    case.engine.send(SetLimits(workers=workers))
    counting.most = 0
    new = [NewJob(Op.COPY, Place(LEFT, "/0"), Place(RIGHT, f"/to{n}"), size=200) for n in range(40)]
    case.finish(*case.send_new(*new))
    assert counting.most == most


def test_a_kill_among_many_leaves_none_in_doubt(tmp_path: Path) -> None:
    source, target = tmp_path / "from", tmp_path / "to"
    source.mkdir()
    target.mkdir()
    for n in range(20):
        (source / f"{n}").write_bytes(_bytes(n))
    with victim(tmp_path / "queue", str(source), str(target), "some are named", "together"):
        pass
    copied = target / "from"
    named = [path for path in copied.iterdir() if not path.name.startswith(".")]
    assert 0 < len(named) < 20
    assert all(path.read_bytes() == _bytes(int(path.name)) for path in named)
    journal = Journal(tmp_path / "queue" / "queue.db")
    by_name = {Path(job.target.path).name: job for job in journal.load() if job.op is Op.COPY}
    journal.close()
    assert {by_name[path.name].state for path in named} == {S.COMMITTING}
    assert leftover_files(target) != []

    case = QueueCase(tmp_path / "queue")
    case.start()
    try:
        jobs = case.finish(*(job.id for job in by_name.values()))
    finally:
        case.close()
    assert {job.state for job in jobs} == {S.DONE}
    assert {job.proof.word for job in jobs if job.proof} == {ProofWord.SHA256}
    assert leftover_files(target) == []
    assert sorted(path.name for path in copied.iterdir()) == sorted(map(str, range(20)))
    assert all((copied / f"{n}").read_bytes() == _bytes(n) for n in range(20))


def test_what_a_batch_had_not_begun_when_the_queue_closes_is_queued_again(case: QueueCase) -> None:
    case.left.store.fail = hold = Hold("read", then=threading.Event().wait)
    numbers = _send(case)
    hold.wait()
    case.left.store.fail = None
    case.restart()
    _all_but(case, numbers)
    assert {case.job(number).crashes for number in numbers} == {0}


@pytest.mark.parametrize("commands", [(Pause, Cancel), (Pause, Resume, Cancel), (Pause, Pause)])
def test_one_that_was_not_begun_is_told_to_stop_again_and_again_and_ends_once(
    case: QueueCase, commands: tuple[type[Pause] | type[Cancel] | type[Resume], ...]
) -> None:
    case.left.store.fail = hold = Hold("read")
    numbers = _send(case)
    hold.wait()
    threads = [
        threading.Thread(target=case.engine.send, args=(command((number,)),))
        for number in numbers[10:20]
        for command in commands
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hold.release()
    case.finish(*numbers[:10], *numbers[20:])
    case.engine.send(Cancel(numbers[10:20]))
    assert {job.state for job in case.finish(*numbers[10:20])} <= {S.CANCELLED, S.DONE}
    assert case.engine.running


def _into_new_directory(case: QueueCase) -> tuple[int, ...]:
    """Copies of small files into a directory that the queue makes first."""
    case.engine.send(SetLimits(workers=1))
    new = [NewJob(Op.MAKE_DIR, Place(LEFT, "/"), Place(RIGHT, "/new"))]
    for n in range(5):
        case.left.put(f"/{n}", _bytes(n))
        size = len(_bytes(n))
        new.append(NewJob(Op.COPY, Place(LEFT, f"/{n}"), Place(RIGHT, f"/new/{n}"), size=size))
    return case.send_new(*new)[1:]


def test_in_a_directory_that_the_queue_made_nothing_is_looked_for(case: QueueCase) -> None:
    asked: list[tuple[str, str]] = []
    case.right.store.fail = lambda operation, path: asked.append((operation, path))
    numbers = _into_new_directory(case)
    assert {job.state for job in case.finish(*numbers)} == {S.DONE}
    about = [operation for operation, path in asked if path == "/new/3"]
    assert about[0] == "begin"


def test_what_a_stranger_put_into_it_meanwhile_is_kept_and_asked_about(case: QueueCase) -> None:
    case.right.store.fail = Hold(
        "begin", path="/new/3", then=lambda: case.right.put("/new/3", b"theirs")
    )
    numbers = _into_new_directory(case)
    case.parked(numbers[3], ParkReason.CONFLICT)
    others = [number for number in numbers if number != numbers[3]]
    assert {job.state for job in case.finish(*others)} == {S.DONE}
    assert case.right.get("/new/3") == b"theirs"


@pytest.mark.parametrize("why", ["memory", "speed limit"])
def test_files_of_a_batch_take_up_no_more_than_they_may_together(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    together: list[int] = []
    made = Batch.__init__

    def counted(batch: Batch, runs: Sequence[Run], began: float) -> None:
        together.append(sum(run.job.size or 0 for run in runs))
        made(batch, runs, began)

    monkeypatch.setattr(Batch, "__init__", counted)
    if why == "memory":
        monkeypatch.setattr("transfers.dispatch.BYTES", 1000)
    else:
        monkeypatch.setattr(Limiter, "at_once", lambda limiter, most: min(most, 1000))
    _all_but(case, _send(case))
    assert max(together) <= 1000 < sum(together)
    assert any(size > 500 for size in together)
