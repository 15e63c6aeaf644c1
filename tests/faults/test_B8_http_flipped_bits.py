"""B8 on HTTP, which itself notices nothing: what is stated of a file finds out what was altered."""

from __future__ import annotations

import base64
import hashlib
import random
from pathlib import Path

import pytest

from tests.faults.http_case import http_case
from tests.servers.scripted_http import Ask, ScriptedHttp, Served, Wire, answer
from transfers.model import JobState, ProofWord, Verify

DATA = random.Random(8).randbytes(1_000_000)
FLIPPED = bytes([DATA[0], DATA[1] ^ 4]) + DATA[2:]
SHA256 = hashlib.sha256(DATA)


class Noisy:
    """Serves DATA over a line that flips a bit in the first `faults` downloads.

    `word`: headers that state the digest; `beside`: a file that does.
    """

    def __init__(self, faults: int, word: dict[str, str], beside: dict[str, bytes]) -> None:
        self._faults, self._word, self._beside = faults, word, beside

    def __call__(self, ask: Ask, wire: Wire) -> None:
        if ask.target.removeprefix("/") in self._beside:
            return wire.say(answer(200, self._beside[ask.target.removeprefix("/")]))
        altered = ask.method == "GET" and ask.target == "/file" and self._faults > 0
        self._faults -= altered
        served = Served(FLIPPED if altered else DATA)
        told = served.answer(ask)
        lines = "".join(f"{name}: {value}\r\n" for name, value in self._word.items())
        return wire.say(told.replace(b"\r\n", b"\r\n" + lines.encode(), 1))


STATED = [
    ({"Repr-Digest": f"sha-256=:{base64.b64encode(SHA256.digest()).decode()}:"}, {}),
    ({"x-amz-checksum-sha256": base64.b64encode(SHA256.digest()).decode()}, {}),
    ({}, {"SHA256SUMS": f"{SHA256.hexdigest()}  file\n".encode()}),
    ({}, {"file.sha256": f"{SHA256.hexdigest()}\n".encode()}),
]


@pytest.mark.parametrize(("word", "beside"), STATED)
def test_B8_altered_bytes_are_found_out_and_sent_once_more(
    tmp_path: Path, word: dict[str, str], beside: dict[str, bytes]
) -> None:
    script = Noisy(1, word, beside)
    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        job = case.copied()
        assert (job.state, case.there()) == (JobState.DONE, DATA)
        assert job.proof is not None and job.proof.word is ProofWord.SHA256
        assert "states the same sha256" in job.proof.how


@pytest.mark.parametrize(("word", "beside"), STATED)
def test_B8_bytes_that_are_altered_each_time_are_never_done(
    tmp_path: Path, word: dict[str, str], beside: dict[str, bytes]
) -> None:
    script = Noisy(9, word, beside)
    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        job = case.copied()
        assert job.state is JobState.FAILED
        assert job.proof is not None and job.proof.word is ProofWord.MISMATCH


def test_B8_md5_beside_the_file_is_held_against_it_too(tmp_path: Path) -> None:
    beside = {"MD5SUMS": f"{hashlib.md5(DATA).hexdigest()} *file\n".encode()}
    listing = b'<html><body><a href="MD5SUMS">MD5SUMS</a> <a href="file">file</a></body></html>'

    def script(ask: Ask, wire: Wire) -> None:
        if ask.target == "/":
            return wire.say(answer(200, listing, {"Content-Type": "text/html"}))
        return noisy(ask, wire)

    noisy = Noisy(1, {}, beside)
    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        job = case.copied(verify=Verify.AUTO)
        assert job.state is JobState.DONE
        assert server.asked_for("/MD5SUMS")
