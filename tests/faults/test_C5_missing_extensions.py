"""C5: what a server cannot do is done in another way, and the old file is never lost on it.

Each way is cut off at every single request, before and after it was carried out (A6, A8), and the
server frozen there (B4): the next attempts finish it, whatever had happened.
"""

from __future__ import annotations

import os
import posixpath
import threading
from collections import Counter
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest

from providers.sftp.protocol import Status
from tests.faults.lying_case import LyingCase, always, leftovers, lying_case, nth
from tests.servers.lying_sftp import (
    OFFERS,
    PIECE,
    POSIX_RENAME,
    Ask,
    Cut,
    Frozen,
    Lie,
    LyingSftp,
)
from tests.servers.scripted_sftp import status
from transfers.model import Carry, JobState, NewJob

OLD, NEW = b"the old content", os.urandom(2 * PIECE + 7)
MOST_REQUESTS = 60


def unsupported(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    return status(ask.number, Status.UNSUPPORTED, b"Operation unsupported")


@pytest.mark.parametrize(
    "offers",
    [*(OFFERS - {missing} for missing in sorted(OFFERS)), frozenset()],
    ids=[*(f"without {name}" for name in sorted(OFFERS)), "none"],
)
@pytest.mark.parametrize("keeps_times", [True, False], ids=["setstat", "no setstat"])
def test_C5_a_file_is_copied_both_ways_without(
    tmp_path: Path, offers: frozenset[str], keeps_times: bool
) -> None:
    server = LyingSftp({"/up": OLD, "/down": NEW}, offers=offers)
    if not keeps_times:
        server.lie = always("FSETSTAT", unsupported)
    with lying_case(tmp_path, server) as case:
        (case.folder / "down").write_bytes(OLD)
        jobs = case.ended(case.upload("up", NEW), case.download("down"), case.upload("new", NEW))
        assert [job.state for job in jobs] == [JobState.DONE] * 3
        assert (server.get("/up"), server.get("/new"), case.there("down")) == (NEW, NEW, NEW)
        assert server.names("/") == ["down", "new", "up"]


def refusing(*ops: str, only_permissions: bool = False) -> Lie:
    """Nothing is set by these requests; of `only_permissions`, no permissions."""

    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        if ask.what not in ops:
            return truth()
        told = copy(ask.fields).attributes()
        if only_permissions and told.permissions is None:
            return truth()
        return status(ask.number, Status.PERMISSION_DENIED, b"Permission denied")

    return lie


BOTH = ("FSETSTAT", "SETSTAT")


def odd(case: LyingCase, data: bytes) -> NewJob:
    """To be uploaded: a file of a time and permissions that no new one has."""
    job = case.upload("file", data)
    os.chmod(job.source.path, 0o640)
    os.utime(job.source.path, (1_234_567_890, 1_234_567_890))
    return job


@pytest.mark.parametrize("size", [10, 3 << 20], ids=["small", "large"])
@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (refusing(), ""),
        (refusing("FSETSTAT"), ""),
        (refusing(*BOTH, only_permissions=True), "this place did not keep its permissions"),
        (refusing(*BOTH), "this place did not keep its time and permissions"),
    ],
    ids=["all is set", "by name only", "times only", "nothing is set"],
)
def test_C5_time_and_permissions_are_kept_as_far_as_the_server_lets_them_and_else_it_is_said(
    tmp_path: Path, lie: Lie, said: str, size: int
) -> None:
    server = LyingSftp()
    server.lie = lie
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(odd(case, bytes(size)))
        assert (job.state, job.reason) == (JobState.DONE, said)
        node = server.find("/file")
        assert node is not None
        assert (node.modified == 1_234_567_890) == ("time" not in said)
        assert (node.mode == 0o640) == ("permissions" not in said)


def test_C5_what_was_not_asked_for_is_not_missed(tmp_path: Path) -> None:
    server = LyingSftp()
    server.lie = refusing(*BOTH)
    with lying_case(tmp_path, server) as case:
        wanted = replace(odd(case, NEW), carry=Carry.NOTHING)
        (job,) = case.ended(wanted)
        assert (job.state, job.reason) == (JobState.DONE, "")


class Sweep:
    """A lie that strikes at the n-th request about the files in the folder /n, once each.

    It looks at every moment whether the old or the new content is still there.
    """

    def __init__(self, server: LyingSftp, strike: Lie, *, old: bool) -> None:
        self.server, self._strike, self._old = server, strike, old
        self.count: Counter[str] = Counter()
        self.struck: set[str] = set()
        self.lost: list[str] = []
        self.lock = threading.Lock()

    def __call__(self, ask: Ask, truth: Callable[[], bytes]) -> bytes:
        folder = posixpath.dirname(ask.path).strip("/")
        if not folder.isdecimal():
            return truth()
        self.count[folder] += 1
        strikes = self.count[folder] == int(folder) and folder not in self.struck
        try:
            if not strikes:
                return truth()
            self.struck.add(folder)
            return self._strike(ask, truth)
        finally:
            self._look(folder, ask)

    def _look(self, folder: str, ask: Ask) -> None:
        names = self.server.names(f"/{folder}")
        held = {name: self.server.get(f"/{folder}/{name}") for name in names}
        if "file" in held:
            whole = held["file"] in (OLD, NEW)
        else:
            whole = not self._old or OLD in held.values()
        if not whole:
            self.lost.append(f"{ask.what} {ask.path}: {sorted(held)}")


def cut_before(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    raise Cut


def cut_after(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    truth()
    raise Cut


def freeze(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    raise Frozen


@pytest.mark.parametrize("strike", [cut_before, cut_after, freeze])
@pytest.mark.parametrize("old", [True, False], ids=["overwrite", "new"])
@pytest.mark.parametrize(
    "offers", [OFFERS, OFFERS - {POSIX_RENAME}], ids=["posix-rename", "swap by a backup"]
)
def test_C5_an_upload_struck_at_any_request_ends_whole(
    tmp_path: Path, offers: frozenset[str], old: bool, strike: Lie
) -> None:
    server = LyingSftp(offers=offers)
    sweep = Sweep(server, strike, old=old)
    for number in range(1, MOST_REQUESTS):
        server.mkdir(f"/{number}")
        if old:
            server.put(f"/{number}/file", OLD)
    server.lie = sweep
    with lying_case(tmp_path, server) as case:
        jobs = case.ended(*(case.upload(f"{n}/file", NEW) for n in range(1, MOST_REQUESTS)))
        assert sweep.lost == []
        assert [job.reason for job in jobs if job.state is not JobState.DONE] == []
        for number in range(1, MOST_REQUESTS):
            assert server.get(f"/{number}/file") == NEW
            assert server.names(f"/{number}") == ["file"]
        assert 10 < len(sweep.struck) < MOST_REQUESTS - 1  # every request of a copy was struck


@pytest.mark.parametrize("strike", [cut_before, cut_after, freeze])
def test_C5_a_download_struck_at_any_request_ends_whole(tmp_path: Path, strike: Lie) -> None:
    most = 20
    server = LyingSftp()
    for number in range(1, most):
        server.mkdir(f"/{number}")
        server.put(f"/{number}/file", NEW)
    server.lie = sweep = Sweep(server, strike, old=False)
    with lying_case(tmp_path, server) as case:
        jobs = case.ended(*(case.download(f"{n}/file") for n in range(1, most)))
        assert [job.reason for job in jobs if job.state is not JobState.DONE] == []
        for number in range(1, most):
            assert case.there(f"{number}/file") == NEW
            assert leftovers(os.listdir(case.folder / f"{number}")) == []
        assert 5 < len(sweep.struck) < most - 1


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("old", [True, False], ids=["overwrite", "new"])
@pytest.mark.parametrize(
    "offers", [OFFERS, OFFERS - {POSIX_RENAME}], ids=["posix-rename", "swap by a backup"]
)
def test_C5_a_rename_cut_between_its_link_and_its_unlink_is_never_a_conflict_with_ourselves(
    tmp_path: Path, offers: frozenset[str], old: bool, number: int
) -> None:
    """OpenSSH renames to a new name in two steps, and may be killed between them."""
    server = LyingSftp({"/file": OLD} if old else {}, offers=offers)

    def half(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        target = posixpath.basename(ask.fields.string().decode())
        names = server.root.names
        assert names is not None
        names[target] = names[posixpath.basename(ask.path)]
        raise Cut

    server.lie = nth("RENAME", number, half)
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("file", NEW))
        assert (job.state, job.reason) == (JobState.DONE, "")
        assert server.get("/file") == NEW
        assert server.names("/") == ["file"]
