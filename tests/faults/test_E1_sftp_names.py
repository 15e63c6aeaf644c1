"""E1: names from a listing that lead elsewhere: nothing is written outside the chosen folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from providers.base import Place
from providers.errors import ConnectionLost, InvalidName
from providers.sftp.protocol import Op, string, u32
from tests.faults.lying_case import always, lying_case
from tests.servers.lying_sftp import ENDPOINT, LyingSftp
from tests.servers.scripted_sftp import reply
from tests.transfers.queue_case import LOCAL
from transfers.model import FINISHED, JobState, Policy

LEADING_ELSEWHERE = [
    b"../../x",
    b"..",
    b".",
    b"",
    b"/abs",
    b"/etc/cron.d/x",
    b"sub/x",
    b"a/../../x",
    b"x\0",
    b"\0",
    b"nul\0/../../x",
]
ODD = [b"esc\x1b]0;x\x07", b"line\nbreak", b"-rf", b"\xff\xfe", b"..x", b"x..", b"a\\..\\..\\x"]


def files_below(folder: Path) -> set[bytes]:
    return {os.fsencode(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_E1_a_download_of_a_hostile_listing_stays_in_its_folder(tmp_path: Path) -> None:
    server = LyingSftp(extra=(*LEADING_ELSEWHERE, *ODD))
    server.mkdir("/tree")
    server.put("/tree/good", b"good")
    for name in ODD:
        server.put(f"/tree/{os.fsdecode(name)}", b"hostile")
    with lying_case(tmp_path, server) as case:
        before = files_below(tmp_path) | {b"folder/tree/good"}
        target = Place(LOCAL, str(case.folder))
        jobs = case.plan(Place(ENDPOINT, "/tree"), target)
        numbers = case.send_new(*jobs, policy=Policy.OVERWRITE)
        ended = [case.reach(number, *FINISHED) for number in numbers]
        assert JobState.FAILED not in {job.state for job in ended}
        written = files_below(case.folder / "tree")
        assert written == {b"good", *ODD}
        outside = files_below(tmp_path) - before
        assert all(path.startswith((b"folder/tree/", b"queue/")) for path in outside)
    assert not Path("/abs").exists()


@pytest.mark.parametrize("name", LEADING_ELSEWHERE, ids=repr)
def test_E1_no_address_is_ever_made_of_a_name_that_leads_elsewhere(name: bytes) -> None:
    place = LyingSftp().provider()
    with pytest.raises(InvalidName):
        place.join("/tree", os.fsdecode(name))
    place.close()


def test_E1_a_home_that_leads_elsewhere_is_refused_as_broken() -> None:
    answer = always(
        "REALPATH",
        lambda ask, truth: reply(
            Op.NAME, ask.number, u32(1), string(b"../../x"), string(b""), u32(0)
        ),
    )
    place = LyingSftp(lie=answer).provider()
    with pytest.raises(ConnectionLost, match="not absolute"):
        place.resolve("")
    place.close()
