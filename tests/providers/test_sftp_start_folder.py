"""The start folder, as servers that are not OpenSSH tell it, or do not."""

from __future__ import annotations

from contextlib import closing

import pytest

from providers.sftp.checkup import look_around
from providers.sftp.patience import USUAL
from providers.sftp.protocol import Op, Status, string, u32
from providers.sftp.wire import Wire
from tests.faults.lying_case import always
from tests.servers.lying_sftp import ENDPOINT, LyingSftp
from tests.servers.scripted_sftp import reply, status

REFUSALS = [Status.NO_SUCH_FILE, Status.PERMISSION_DENIED, Status.FAILURE, Status.UNSUPPORTED]


@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize("in_order", [True, False])
def test_a_server_that_does_not_tell_it_is_shown_from_the_top(code: Status, in_order: bool) -> None:
    server = LyingSftp({"/file": b"data"})
    server.lie = always("REALPATH", lambda ask, truth: status(ask.number, code))
    with closing(server.provider(in_order=in_order)) as place:
        assert place.resolve("") == "/"
        assert place.resolve("/a/./b/../c") == "/a/c"
        assert [entry.name for page in place.list_dir("/") for entry in page] == ["file"]


def test_the_doctor_says_that_it_is_not_told_and_goes_on() -> None:
    server = LyingSftp({"/file": b"data"})
    server.lie = always("REALPATH", lambda ask, truth: status(ask.number, Status.FAILURE))
    with closing(server.provider()) as place, place._session() as session:
        findings = list(look_around(session, None, "", Wire(ENDPOINT, USUAL)))
    told = {each.step.split(" (")[0]: each for each in findings}
    assert "/ is shown" in told["start folder"].what
    assert [each.what for each in findings if each.ok is False] == []


def test_a_slash_at_its_end_is_no_part_of_it() -> None:
    server = LyingSftp()
    name = string(b"/home/ann/")
    server.lie = always(
        "REALPATH", lambda ask, truth: reply(Op.NAME, ask.number, u32(1), name, string(b""), u32(0))
    )
    with closing(server.provider()) as place:
        assert place.resolve("") == "/home/ann"
