"""How fast copies to and from buckets are beside others, proof and journal included.

    python -m tests.benchmarks.buckets [--server juicefs rclone] [--runs 5] [--peers FOLDER]
                                       [--only up down medium small list]

Servers on loopback; files and targets are in memory where the system has /dev/shm, the journal on
disk. `--peers`: where the programs are that it is compared with, besides those on the PATH; what
is not found is left out.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.side_by_side import Runner, Workplace, seconds_of, table, wharfie, workplace
from tests.servers.s3_servers import KEY_ID, SECRET, JuiceFs, access_to, make_bucket
from tests.servers.web_process import WebServer
from tests.servers.web_servers import RcloneS3

_BIG = 1 << 30  # bytes
_MEDIUM, _MEDIUM_SIZE = 20, 16 << 20
_SMALL, _SMALL_SIZE = 2000, 8192
_LISTED = 20_000
_PIECE = 1 << 20
_SERVERS = ("juicefs", "rclone")


@dataclass(frozen=True, slots=True)
class Scene:
    """`bucket` holds nothing; `programs` by name."""

    place: Workplace
    base: str
    bucket: str
    programs: Mapping[str, str]
    runs: int

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.base,
            "S3_ENDPOINT_URL": self.base,
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_S3_PROVIDER": "Minio",
            "RCLONE_S3_ENDPOINT": self.base,
            "RCLONE_S3_ACCESS_KEY_ID": KEY_ID,
            "RCLONE_S3_SECRET_ACCESS_KEY": SECRET,
            "RCLONE_S3_NO_CHECK_BUCKET": "true",
            "no_proxy": "*",
        }

    def run(self, title: str, commands: Mapping[str, Sequence[str]], makes: str = "") -> str:
        """Time those whose program is there, all in turn."""
        runners = []
        for name, (program, *arguments) in commands.items():
            if program == "wharfie":
                command = wharfie(self.place.home, *arguments)
            elif program in self.programs:
                command = [self.programs[program], *arguments]
            else:
                continue
            runners.append(Runner(name, command, makes, self.environment()))
        took = seconds_of(self.place.folder, runners, self.runs)
        return table(title, took, runners[0].name)


def _fill(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = random.Random(path.name)
    with path.open("wb") as file:
        for start in range(0, size, _PIECE):
            file.write(chance.randbytes(min(_PIECE, size - start)))


def _copies(scene: Scene, source: str, target: str, *, tree: bool) -> dict[str, list[str]]:
    """The same copy by each program: of one object, or of all in a folder."""
    url = f"s3://{scene.bucket}"

    def at(base: str) -> tuple[str, str]:
        return source.replace(url, base), target.replace(url, base)

    end = "*" if tree and source.startswith("s3:") else ""
    ours = ["copy", source, target, "--on-conflict", "overwrite"]
    theirs = ["--recursive"] if tree else []
    of_rclone = [*at(f":s3:{scene.bucket}")]
    return {
        "s5cmd": ["s5cmd", "cp", f"{source}{end}", target],
        "wharfie copy": ["wharfie", *ours],
        "rclone": ["rclone", "copy", *of_rclone, "--ignore-times"],
        "aws s3 cp": ["aws", "s3", "cp", source, target, *theirs, "--quiet"],
    }


def up(scene: Scene) -> str:
    _fill(scene.place.folder / "big", _BIG)
    told = scene.run("1 GiB up", _copies(scene, "big", f"s3://{scene.bucket}/up/", tree=False))
    (scene.place.folder / "big").unlink()
    return told


def down(scene: Scene) -> str:
    url = f"s3://{scene.bucket}/down/big"
    _store(scene, "big", _BIG, "down/")
    commands = _copies(scene, url, "copied/", tree=False)
    return scene.run("1 GiB down", commands, "copied")


def medium(scene: Scene) -> str:
    return _tree(scene, "medium", _MEDIUM, _MEDIUM_SIZE, "20 × 16 MiB")


def small(scene: Scene) -> str:
    return _tree(scene, "small", _SMALL, _SMALL_SIZE, "2,000 × 8 KiB")


def listing(scene: Scene) -> str:
    folder = scene.place.folder / "listed"
    for number in range(_LISTED):
        _fill(folder / f"{number:05}", 1)
    _with_s5cmd(scene, "cp", "listed/", f"s3://{scene.bucket}/listed/")
    shutil.rmtree(folder)
    url = f"s3://{scene.bucket}/listed/"
    commands = {
        "s5cmd": ["s5cmd", "ls", url],
        "wharfie ls": ["wharfie", "ls", url],
        "rclone": ["rclone", "lsf", url.replace("s3://", ":s3:")],
        "aws s3 ls": ["aws", "s3", "ls", url],
    }
    return scene.run(f"list {_LISTED:,} keys", commands)


def _tree(scene: Scene, name: str, count: int, size: int, title: str) -> str:
    folder = scene.place.folder / name
    for number in range(count):
        _fill(folder / f"{number:04}", size)
    url = f"s3://{scene.bucket}/{name}/"
    told = scene.run(f"{title} up", _copies(scene, f"{name}/", url, tree=True))
    shutil.rmtree(folder)
    commands = _copies(scene, url, "copied/", tree=True)
    return told + scene.run(f"{title} down", commands, "copied")


def _store(scene: Scene, name: str, size: int, under: str) -> None:
    _fill(scene.place.folder / name, size)
    _with_s5cmd(scene, "cp", name, f"s3://{scene.bucket}/{under}")
    (scene.place.folder / name).unlink()


def _with_s5cmd(scene: Scene, *arguments: str) -> None:
    runner = Runner("s5cmd", [scene.programs["s5cmd"], *arguments], "", scene.environment())
    seconds_of(scene.place.folder, [runner], 0)


_WORKS = {"up": up, "down": down, "medium": medium, "small": small, "list": listing}


def _programs(peers: str) -> dict[str, str]:
    path = os.pathsep.join([peers, os.environ.get("PATH", "")]) if peers else None
    found = {name: shutil.which(name, path=path) for name in ("s5cmd", "rclone", "aws")}
    return {name: program for name, program in found.items() if program is not None}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", nargs="+", choices=_SERVERS, default=_SERVERS)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers", default="")
    parser.add_argument("--only", nargs="+", choices=[*_WORKS], default=[*_WORKS])
    options = parser.parse_args()
    for name in options.server:
        with workplace() as place, _served(name, place.folder / name) as server:
            directory = place.folder / "site"
            directory.mkdir()
            bucket = make_bucket(*access_to(server, directory), "bench")
            scene = Scene(place, server.base, bucket, _programs(options.peers), options.runs)
            for work in options.only:
                sys.stdout.write(f"{name}: {_WORKS[work](scene)}")
                sys.stdout.flush()


def _served(name: str, directory: Path) -> WebServer:
    if name == "juicefs":
        return JuiceFs(directory)
    return RcloneS3(directory, options=["--auth-key", f"{KEY_ID},{SECRET}"])


if __name__ == "__main__":
    main()
