"""B8 on HTTP, which itself notices nothing: what is stated of a file finds out what was altered."""

from __future__ import annotations

import base64
import hashlib
import os
import random
from pathlib import Path

import pytest

from tests.faults.http_case import HttpCase, http_case
from tests.faults.proxy import Proxy, Toxics, first
from tests.servers.scripted_http import Ask, ScriptedHttp, Served, Wire, answer
from tests.servers.web_servers import Nginx, find_nginx
from transfers.model import Job, JobState, ProofWord

DATA = random.Random(8).randbytes(1_000_000)
FLIPPED = bytes([DATA[0], DATA[1] ^ 4]) + DATA[2:]
OLD = b"what stood there"
SHA256, MD5 = hashlib.sha256(DATA), hashlib.md5(DATA)
_LARGE = int(os.environ.get("FLIP_MIB", "16")) << 20  # bytes; the row says 100 MiB


class Noisy:
    """Serves DATA over a line that flips a bit in the first `faults` of the answers with it.

    `word`: headers that state the digest; `beside`: a file that does, which its folder lists.
    """

    def __init__(self, faults: int, word: dict[str, str], beside: dict[str, bytes]) -> None:
        self._faults, self._word, self._beside = faults, word, beside

    def __call__(self, ask: Ask, wire: Wire) -> None:
        name = ask.target.removeprefix("/")
        if not name:
            links = "".join(f'<a href="{each}">{each}</a>\n' for each in ("file", *self._beside))
            page = f"<html><body>{links}</body></html>".encode()
            return wire.say(answer(200, page, {"Content-Type": "text/html"}))
        if name in self._beside:
            return wire.say(answer(200, self._beside[name]))
        first, last = ask.range or (0, None)
        with_bit = first <= 1 and (last is None or last >= 1)
        altered = ask.method == "GET" and name == "file" and with_bit and self._faults > 0
        self._faults -= altered
        told = Served(FLIPPED if altered else DATA).answer(ask)
        lines = "".join(f"{name}: {value}\r\n" for name, value in self._word.items())
        return wire.say(told.replace(b"\r\n", b"\r\n" + lines.encode(), 1))


_BASE64 = base64.b64encode(SHA256.digest()).decode()
STATED = [
    ({"Repr-Digest": f"sha-256=:{_BASE64}:"}, {}, "sha256"),
    ({"x-amz-checksum-sha256": _BASE64}, {}, "sha256"),
    ({}, {"SHA256SUMS": f"{SHA256.hexdigest()}  file\n".encode()}, "sha256"),
    ({}, {"file.sha256": f"{SHA256.hexdigest()}\n".encode()}, "sha256"),
    ({}, {"MD5SUMS": f"{MD5.hexdigest()} *file\n".encode()}, "md5"),
]
stated = pytest.mark.parametrize(("word", "beside", "algorithm"), STATED)


def said(case: HttpCase) -> list[str]:
    """Why an attempt ended, each."""
    return [change.job.reason for change in case.watch.heard if change.job.reason]


def done_in_two(case: HttpCase, job: Job, data: bytes, algorithm: str) -> None:
    """The row of the fault list: an integrity error, one restart, and the bytes are right."""
    assert (job.state, job.attempt, job.restarts) == (JobState.DONE, 2, 1), job
    assert case.there() == data
    assert case.leftovers() == []
    (why,) = said(case)
    assert f"the bytes that came are not those whose {algorithm} the source states" in why
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert job.proof.source == job.proof.target == hashlib.sha256(data).hexdigest()
    assert f"states the same {algorithm}" in job.proof.how


@stated
def test_B8_altered_bytes_are_found_out_and_sent_once_more(
    tmp_path: Path, word: dict[str, str], beside: dict[str, bytes], algorithm: str
) -> None:
    script = Noisy(1, word, beside)
    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        done_in_two(case, case.copied(), DATA, algorithm)
        assert len(server.asked_for("/file")) == 2


@stated
def test_B8_bytes_that_are_altered_each_time_are_never_done(
    tmp_path: Path, word: dict[str, str], beside: dict[str, bytes], algorithm: str
) -> None:
    script = Noisy(9, word, beside)
    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        case.file.write_bytes(OLD)
        job = case.copied()
        assert (job.state, job.attempt, job.restarts) == (JobState.FAILED, 2, 1), job
        assert case.there() == OLD
        assert case.leftovers() == []
        assert job.proof is not None and job.proof.word is ProofWord.MISMATCH
        assert len(said(case)) == len(server.asked_for("/file")) == 2


def test_B8_one_bit_in_one_of_several_streams_is_found_out(tmp_path: Path) -> None:
    script = Noisy(1, {}, {"SHA256SUMS": f"{SHA256.hexdigest()}  file\n".encode()})
    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        case.web.streams = 3
        done_in_two(case, case.copied(), DATA, "sha256")
        parts = [ask.range for ask in server.asked_for("/file")]
        assert None not in parts and len(parts) == 2 * len(set(parts))


@pytest.mark.skipif(find_nginx() is None, reason="nginx is not installed")
def test_B8_one_bit_of_a_large_file_on_its_way_from_a_real_server(tmp_path: Path) -> None:
    data = random.Random(9).randbytes(_LARGE)
    flip = first(down=Toxics(flip_at=_LARGE // 3))
    with Nginx(tmp_path / "nginx") as server, Proxy(server.port, plan=flip) as proxy:
        (server.root / "file").write_bytes(data)
        sums = f"{hashlib.sha256(data).hexdigest()}  file\n"
        (server.root / "SHA256SUMS").write_text(sums)
        with http_case(tmp_path, f"http://127.0.0.1:{proxy.port}") as case:
            done_in_two(case, case.copied(), data, "sha256")
        whole = f"GET /file 200 {_LARGE} -"
        assert server.access_log.read_text().splitlines().count(whole) == 2
