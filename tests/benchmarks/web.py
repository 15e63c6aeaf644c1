"""How fast a copy from a web server is, beside curl and wget, proof and journal included.

    python -m tests.benchmarks.web [--runs 5] [--only big small far memory]

nginx on loopback, files and targets in memory where the system has /dev/shm, the journal on disk.
`far`: 50 ms each way by the proxy of `tests/faults`. `memory`: a sparse file of 20 GiB to the disk.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.side_by_side import Runner, Workplace, seconds_of, table, wharfie, workplace
from tests.faults.proxy import Proxy, Toxics, every
from tests.servers.web_nginx import Nginx

_BIG = 1 << 30  # bytes
_FAR = 128 << 20
_SMALL, _SMALL_SIZE = 2000, 8192
_SPARSE = 20 << 30
_PIECE = 1 << 20
_ONE_WAY = 0.05  # seconds
_GNU_TIME = re.compile(r"Maximum resident set size \(kbytes\): (\d+)")


def _fill(path: Path, size: int) -> None:
    chance = random.Random(size)
    with path.open("wb") as file:
        for _ in range(size // _PIECE):
            file.write(chance.randbytes(_PIECE))


def _curl(url: str) -> Runner:
    return Runner("curl -o", ["curl", "-sf", "-o", "with-curl", url], "with-curl")


def _copy(place: Workplace, url: str, name: str) -> Runner:
    command = wharfie(place.home, "copy", url, "copied/", "--on-conflict", "overwrite")
    return Runner(name, command, "copied")


def big(place: Workplace, base: str, root: Path, runs: int) -> str:
    _fill(root / "big", _BIG)
    url = f"{base}/big"
    digested = f"curl -sf -o with-digest {url} && openssl dgst -sha256 with-digest"
    runners = [
        _curl(url),
        Runner("curl, then openssl dgst -sha256", ["sh", "-c", digested], "with-digest"),
        _copy(place, url, "wharfie copy, sha256 both ends"),
    ]
    took = seconds_of(place.folder, runners, runs)
    (root / "big").unlink()
    return table("1 GiB", took, "curl -o") + table("1 GiB", took, runners[1].name)


def small(place: Workplace, base: str, root: Path, runs: int) -> str:
    for number in range(_SMALL):
        inner = root / "small" / f"{number // 100:02}"
        inner.mkdir(parents=True, exist_ok=True)
        (inner / f"{number:04}").write_bytes(random.Random(number).randbytes(_SMALL_SIZE))
    url = f"{base}/small/"
    runners = [
        Runner("wget -r", ["wget", "-q", "-r", "-np", "-nH", "-R", "index.html*", url], "small"),
        _copy(place, url, "wharfie copy, sha256 both ends"),
    ]
    return table("2,000 × 8 KiB", seconds_of(place.folder, runners, runs), "wget -r")


def far(place: Workplace, base: str, root: Path, runs: int) -> str:
    _fill(root / "far", _FAR)
    port = int(base.rpartition(":")[2])
    away = Toxics(latency=_ONE_WAY)
    with Proxy(port, plan=every(up=away, down=away)) as proxy:
        url = f"http://127.0.0.1:{proxy.port}/far"
        runners = [_curl(url), _copy(place, url, "wharfie copy, several ranges")]
        return table("128 MiB, 100 ms away", seconds_of(place.folder, runners, runs), "curl -o")


def memory(place: Workplace, base: str, root: Path) -> str:
    """The most memory of a copy of 20 GiB, above that of a copy of 8 KiB, in MiB."""
    (root / "little").write_bytes(bytes(_SMALL_SIZE))
    (root / "sparse").touch()
    os.truncate(root / "sparse", _SPARSE)
    peaks = {}
    with tempfile.TemporaryDirectory(prefix="wharfie-bench-") as folder:
        for name in ("little", "sparse"):
            command = [
                "/usr/bin/time",
                "-v",
                *wharfie(place.home, "copy", f"{base}/{name}", f"{folder}/"),
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found = _GNU_TIME.search(done.stderr)
            assert found is not None, "GNU time is needed"
            peaks[name] = int(found[1]) / 1024
    little, sparse = peaks["little"], peaks["sparse"]
    more = f"{sparse - little:.1f} more"
    return f"memory\n  8 KiB  {little:7.1f} MiB\n  20 GiB {sparse:7.1f} MiB, {more}\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=["big", "small", "far", "memory"])
    options = parser.parse_args()
    measures = {"big": big, "small": small, "far": far}
    with workplace() as place, Nginx(place.folder / "nginx") as nginx:
        for name in options.only:
            if name == "memory":
                told = memory(place, nginx.base, nginx.root)
            else:
                told = measures[name](place, nginx.base, nginx.root, options.runs)
            sys.stdout.write(told)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
