"""`wharfie mirror` at once with another one, and after one that was killed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen

import pytest

from providers.access import Access
from providers.base import Place
from providers.registry import open_provider
from tests.tui.cli_runner import start, wharfie
from tests.tui.test_cli_mirror import content, fill
from tests.tui.test_cli_queue import listed
from tests.tui.test_two_shells import screen, until
from transfers.engine import Engine
from transfers.model import Enqueue, NewJob, Op, SetLimits
from tui.settings import find_home

BIG = 3_000_000
SLOW = ("--limit", "200K")


@pytest.fixture
def left(tmp_path: Path) -> Path:
    return fill(tmp_path / "left", big="x" * BIG, small="1", sub__two="22")


@pytest.fixture
def right(tmp_path: Path) -> Path:
    return tmp_path / "right"


def begun(left: Path, right: Path) -> Popen[str]:
    """A slow mirror that has sent some of the big file."""
    process = start("mirror", left, right, *SLOW)
    deadline = time.monotonic() + 30
    while not any(path.stat().st_size for path in right.glob(".*.part")):
        assert time.monotonic() < deadline
        assert process.poll() is None
    return process


def killed(process: Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=20)


def test_a_second_mirror_of_the_pair_is_refused_in_both_directions(left: Path, right: Path) -> None:
    process = begun(left, right)
    try:
        for pair in ((left, right), (right, left)):
            done = wharfie("mirror", *pair)
            assert (done.code, done.out) == (1, "")
            assert done.err.count("\n") == 1
            assert "runs already" in done.err
        done = wharfie("mirror", left, right, "--skip-if-running")
        assert (done.code, done.out, done.err) == (0, "", "")
        assert wharfie("mirror", left, right, "--dry-run").code == 0
    finally:
        killed(process)


def test_one_that_was_killed_is_gone_on_with_and_ends_equal(left: Path, right: Path) -> None:
    killed(begun(left, right))
    assert list(right.glob(".*.part"))
    done = wharfie("mirror", left, right)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert content(right) == content(left)
    assert set(listed().values()) <= {"done"}


def test_what_changed_while_nobody_mirrored_is_brought_as_well(left: Path, right: Path) -> None:
    killed(begun(left, right))
    fill(left, big="y" * 1000, later="new")
    (left / "small").unlink()
    done = wharfie("mirror", left, right, "--delete")
    assert (done.code, done.err) == (0, "")
    assert content(right) == content(left)


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment_and_run_again_it_ends_equal(
    seed: int, left: Path, right: Path
) -> None:
    fill(right, old="to be deleted", small="another")
    fill(left, **{f"many{number}": str(number) for number in range(60)})
    chance = random.Random(seed)
    for _ in range(3):
        process = start("mirror", left, right, "--delete", "--limit", "4M")
        time.sleep(chance.uniform(0.2, 1.5))
        killed(process)
        assert content(left) == {**content(left), "small": "1"}
    done = wharfie("mirror", left, right, "--delete")
    assert (done.code, done.err) == (0, "")
    assert content(right) == content(left)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM for other processes")
def test_an_interrupt_is_130_and_the_next_run_goes_on(left: Path, right: Path) -> None:
    process = begun(left, right)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err == "wharfie: interrupted; the queue is kept\n"
    assert wharfie("mirror", left, right).code == 0
    assert content(right) == content(left)


def queued(jobs: Sequence[NewJob]) -> None:
    """Jobs that an earlier process left."""
    access = Access(Path("no"))
    engine = Engine(find_home(os.environ).queue, lambda e: open_provider(e, access), held=True)
    try:
        engine.send(Enqueue(tuple(jobs)))
    finally:
        engine.close()


def at(path: Path) -> Place:
    return Place("file:", str(path))


def test_deletions_of_an_old_plan_never_happen_later(left: Path, right: Path) -> None:
    """They were wished for then; this mirror deletes nothing."""
    fill(right, extra="stays")
    (find_home(os.environ).queue).mkdir(parents=True, mode=0o700)
    version = open_provider("file:", Access(Path("no"))).stat(str(right / "extra")).version
    prune = NewJob(
        Op.PRUNE,
        at(left / "extra"),
        at(right / "extra"),
        within=str(right),
        source_within=str(left),
        agreed=version,
    )
    copy = NewJob(Op.COPY, at(left / "small"), at(right / "small"), within=str(right))
    queued([copy, prune])
    assert wharfie("mirror", left, right).code == 0
    assert content(right) == content(left) | {"extra": "stays"}
    states = listed()
    assert (states[1], states[2]) == ("done", "cancelled")


def test_a_question_that_an_earlier_run_left_is_answered_by_comparing_anew(
    left: Path, right: Path
) -> None:
    fill(right, small="other")
    assert wharfie("copy", left / "small", right / "small").code == 1  # parked: it exists
    assert wharfie("mirror", left, right).code == 0
    assert content(right) == content(left)
    assert listed()[1] == "cancelled"


def test_other_transfers_are_left_alone(left: Path, right: Path, tmp_path: Path) -> None:
    (find_home(os.environ).queue).mkdir(parents=True, mode=0o700)
    queued([NewJob(Op.COPY, at(left / "small"), at(tmp_path / "elsewhere"))])
    assert wharfie("mirror", left, right).code == 0
    assert not (tmp_path / "elsewhere").exists()
    assert listed()[1] == "queued"


def test_the_list_of_the_queue_does_not_grow_with_every_run(left: Path, right: Path) -> None:
    for number in range(3):
        fill(left, new=str(number))
        os.utime(left / "new", (1_600_000_000 + number, 1_600_000_000 + number))
        assert wharfie("mirror", left, right).code == 0
    assert len(listed()) == 1


def test_what_a_person_would_be_asked_is_a_failure_and_nothing_is_deleted(
    left: Path, right: Path
) -> None:
    """Something comes to stand in the way while the mirror is under way."""
    fill(right, small="1", extra="stays")
    process = start("mirror", left, right, "--delete", *SLOW, "--jobs", "1")
    deadline = time.monotonic() + 30
    while not any(path.stat().st_size for path in right.glob(".*.part")):
        assert time.monotonic() < deadline
        assert process.poll() is None
    (right / "sub").mkdir(exist_ok=True)
    (right / "sub" / "two").write_text("somebody else's")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.count("\n") == 1
    assert "sub/two" in err and "the destination exists" in err
    assert (right / "extra").exists()
    assert set(listed().values()) <= {"done", "parked", "cancelled"}  # nothing deletes it later
    assert wharfie("mirror", left, right, "--delete").code == 0
    assert content(right) == content(left)


@pytest.mark.skipif(os.name == "nt", reason="signals and peers are POSIX here")
def test_a_queue_that_another_process_works_does_it_and_is_as_quiet(
    left: Path, right: Path
) -> None:
    fill(right, small="1", extra="deleted")
    with screen():
        done = wharfie("mirror", left, right, "--delete")
        assert (done.code, done.out, done.err) == (0, "", "")
        assert content(right) == content(left)


@pytest.mark.skipif(os.name == "nt", reason="signals and peers are POSIX here")
@pytest.mark.parametrize("told", ["SIGKILL", "SIGINT"])
def test_after_a_shell_that_ended_the_next_one_goes_on_with_what_it_handed_over(
    told: str, left: Path, right: Path
) -> None:
    with screen() as queue:
        queue.send(SetLimits(rate=200 << 10))
        process = start("mirror", left, right)
        until(lambda: any(path.stat().st_size for path in right.glob(".*.part")))
        process.send_signal(signal.Signals[told])
        process.communicate(timeout=20)
        queue.send(SetLimits(rate=0))
        done = wharfie("mirror", left, right)
        assert (done.code, done.out, done.err) == (0, "", "")
        assert content(right) == content(left)
