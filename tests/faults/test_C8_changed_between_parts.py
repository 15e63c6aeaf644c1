"""C8: the file changes between two parts, or its tag says little: from the start, never mixed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from providers.errors import RangeIgnored, SourceChanged
from tests.faults.http_case import http_case
from tests.servers.http_place import place, read
from tests.servers.scripted_http import DATE, LONG_AGO, Ask, ScriptedHttp, Served, Wire, answer
from transfers.model import JobState, ProofWord

OLD = random.Random(8).randbytes(1_000_000)
NEW = random.Random(9).randbytes(1_000_000)


class Cutting:
    """Serves a file, cuts its first download after two thirds, then serves what `then` is."""

    def __init__(self, first: Served, then: Served) -> None:
        self.now, self._then = first, then
        self._cut = False

    def __call__(self, ask: Ask, wire: Wire) -> None:
        if self._cut or ask.method != "GET" or ask.target != "/file":
            return self.now(ask, wire)
        self._cut = True
        wire.say(self.now.answer(ask)[:700_000])
        self.now = self._then
        return wire.hang_up()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"etag": '"two"'}),
        ({"etag": 'W/"one"'}, {"etag": 'W/"one"'}),
        ({"etag": 'W/"one"'}, {"etag": 'W/"two"'}),
        ({"etag": None, "modified": DATE}, {"etag": None, "modified": DATE}),
        ({"etag": None, "modified": ""}, {"etag": None, "modified": ""}),
        ({"etag": None}, {"etag": None, "modified": "Tue, 02 Jan 2024 00:00:00 GMT"}),
        ({}, {"etag": None, "modified": ""}),
    ],
    ids=["tag", "weak", "weak-changes", "young", "nothing", "modified", "tag-goes"],
)
def test_C8_parts_of_two_files_are_never_put_together(
    tmp_path: Path, old: dict[str, str], new: dict[str, str]
) -> None:
    script = Cutting(Served(OLD, **old), Served(NEW, **new))  # type: ignore[arg-type]
    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        job = case.copied()
        assert (job.state, case.there()) == (JobState.DONE, NEW)
        assert job.proof is not None and job.proof.word is ProofWord.SHA256


def test_C8_a_server_that_ignores_If_Range_is_found_out_by_its_tag(tmp_path: Path) -> None:
    class Ignoring(Served):
        def answer(self, ask: Ask) -> bytes:
            ask.headers.pop("if-range", None)  # type: ignore[attr-defined]
            return super().answer(ask)

    script = Cutting(Ignoring(OLD), Ignoring(NEW, etag='"two"'))
    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        assert case.copied().state is JobState.DONE
        assert case.there() == NEW


@pytest.mark.parametrize("weak", [{"etag": 'W/"one"'}, {"etag": None, "modified": DATE}])
def test_C8_a_weak_tag_or_a_young_time_is_no_version(weak: dict[str, str]) -> None:
    with ScriptedHttp(Served(OLD, **weak)) as server, place(server.base) as web:  # type: ignore[arg-type]
        assert web.stat("/file").version is None


def test_C8_an_old_time_and_the_size_are_a_version_that_is_gone_on_with(tmp_path: Path) -> None:
    script = Cutting(Served(OLD, etag=None), Served(OLD, etag=None))
    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        assert case.copied().state is JobState.DONE
        assert case.there() == OLD
        *_, again = [ask for ask in server.asked_for("/file") if ask.range is not None]
        assert again.headers["if-range"] == LONG_AGO


def test_C8_another_tag_is_a_changed_source_also_of_the_whole_file() -> None:
    with ScriptedHttp(Served(OLD)) as server, place(server.base) as web:
        assert read(web, "/file", version='"one"') == OLD
        for range_ in ({}, {"offset": 5}, {"length": 0}, {"offset": len(OLD)}):
            with pytest.raises(SourceChanged):
                read(web, "/file", version='"other"', **range_)


def test_C8_a_part_that_does_not_say_its_version_is_not_taken() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(206, OLD[5:], {"Content-Range": f"bytes 5-{len(OLD) - 1}/{len(OLD)}"}))

    with ScriptedHttp(script) as server, place(server.base) as web, pytest.raises(RangeIgnored):
        read(web, "/file", offset=5, version='"one"')


def test_C8_several_streams_of_a_file_that_changes_are_not_put_together(tmp_path: Path) -> None:
    parts = 0

    def script(ask: Ask, wire: Wire) -> None:
        nonlocal parts
        parts += ask.range is not None
        now = Served(OLD) if parts < 3 else Served(NEW, etag='"two"')
        now(ask, wire)

    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        case.web.streams = 3
        assert case.copied().state is JobState.DONE
        assert case.there() == NEW
