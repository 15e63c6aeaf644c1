"""How fast copies over SFTP are beside OpenSSH's sftp, lftp and rclone, proof and journal included.

    python -m tests.benchmarks.sftp [--runs 5] [--peers FOLDER] [--without NAME …]
                                    [--only down up medium small list far far-up far-small]

A real sshd on loopback; files and targets are in memory where the system has /dev/shm, the journal
on disk. `far`: a relay that adds 20 and 100 ms. `--peers`: where the programs are that it is
compared with, besides those on the PATH; what is not found is left out.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.distance import Distance
from tests.benchmarks.side_by_side import Runner, Workplace, seconds_of, table, wharfie, workplace
from tests.servers.openssh import OpenSSH

_BIG = 1 << 30  # bytes
_FAR = 256 << 20
_MEDIUM, _MEDIUM_SIZE = 20, 16 << 20
_SMALL, _SMALL_SIZE = 2000, 8192
_LISTED = 100_000
_PIECE = 1 << 20
_GCM = "sftp, aes128-gcm"
_GCM_OPTIONS = ["-c", "aes128-gcm@openssh.com"]
_OURS_BY_SSH = "wharfie by openssh, size only"
_SIZE = ["--verify", "size"]
_TUNED = ["--sftp-concurrency", "64", "--sftp-chunk-size", "255k", "--sftp-disable-hashcheck"]


@dataclass(frozen=True, slots=True)
class Scene:
    """`programs` by name. Everything on the server lies in `place.folder` as well."""

    place: Workplace
    server: OpenSSH
    port: int
    programs: Mapping[str, str]
    runs: int
    without: frozenset[str]

    @property
    def folder(self) -> Path:
        return self.place.folder

    def ours(self, path: str) -> str:
        """The address of `path`, which is below the folder."""
        return f"sftp://{self.server.user}@127.0.0.1:{self.port}{self.folder}/{path}"

    def by_ssh(self, path: str) -> str:
        """The same over the ssh program (`environment` has its site)."""
        return f"env-sftp:{self.folder}/{path}"

    def sftp(self, line: str, *options: str) -> list[str]:
        """OpenSSH's program, given one line."""
        asked = ["-q", "-F", str(self.folder / "ssh_config"), "-P", str(self.port), *options]
        host = f"{self.server.user}@127.0.0.1"
        return ["sh", "-c", 'printf "%s\\n" "$0" | sftp -b - "$@"', line, *asked, host]

    def lftp(self, line: str) -> list[str]:
        connect = f"ssh -a -x -F {self.folder / 'ssh_config'}"
        url = f"sftp://{self.server.user}:@127.0.0.1:{self.port}"
        return ["lftp", "-c", f"set sftp:connect-program '{connect}'; open {url}; {line}"]

    def rclone(self, command: str, *arguments: str) -> list[str]:
        return ["rclone", command, *arguments, "--ignore-times", *_TUNED]

    def environment(self) -> dict[str, str]:
        return {
            "SFTP_KEY": str(self.server.key_path),
            "SFTP_HOST": "127.0.0.1",
            "SFTP_PORT": str(self.port),
            "SFTP_USER": self.server.user,
            "SFTP_TRANSPORT": "openssh",
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_SFTP_HOST": "127.0.0.1",
            "RCLONE_SFTP_PORT": str(self.port),
            "RCLONE_SFTP_USER": self.server.user,
            "RCLONE_SFTP_KEY_FILE": str(self.server.key_path),
            "RCLONE_SFTP_SHELL_TYPE": "none",
        }

    def run(self, title: str, commands: Mapping[str, Sequence[str]], makes: str = "") -> str:
        """Time those whose program is there, all in turn."""
        runners = []
        for name, (program, *arguments) in commands.items():
            if name in self.without:
                continue
            home = None
            if program == "wharfie":
                home = self.place.home / "of one run"
                command = wharfie(home, *arguments)
            elif program in self.programs:
                command = [self.programs[program], *arguments]
            else:
                continue
            runners.append(Runner(name, command, makes, self.environment(), home))
        took = seconds_of(self.folder, runners, self.runs)
        return table(title, took, runners[0].name)


def _copy(source: str, target: str, *more: str) -> list[str]:
    return ["wharfie", "copy", source, target, "--on-conflict", "overwrite", "--accept-new", *more]


def _fill(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = random.Random(path.name)
    with path.open("wb") as file:
        for start in range(0, size, _PIECE):
            file.write(chance.randbytes(min(_PIECE, size - start)))


def _files(scene: Scene, name: str, count: int, size: int) -> Path:
    folder = scene.folder / name
    for number in range(count):
        _fill(folder / f"{number:05}", size)
    return folder


def _one_down(scene: Scene, title: str) -> str:
    source = f"{scene.folder}/big"
    commands = {
        "sftp": scene.sftp(f"get {source} {scene.folder}/got"),
        _GCM: scene.sftp(f"get {source} {scene.folder}/got", *_GCM_OPTIONS),
        "wharfie copy, sha256 both ends": _copy(scene.ours("big"), "got"),
        _OURS_BY_SSH: _copy(scene.by_ssh("big"), "got", *_SIZE),
        "rclone, tuned": scene.rclone("copyto", f":sftp:{source}", "got"),
        "lftp get": scene.lftp(f"get {source} -o {scene.folder}/got"),
    }
    return scene.run(title, commands, "got")


def _one_up(scene: Scene, title: str) -> str:
    target = f"{scene.folder}/got"
    commands = {
        "sftp": scene.sftp(f"put {scene.folder}/big {target}"),
        _GCM: scene.sftp(f"put {scene.folder}/big {target}", *_GCM_OPTIONS),
        "wharfie copy, sha256 both ends": _copy("big", scene.ours("got")),
        "wharfie copy, size only": _copy("big", scene.ours("got"), *_SIZE),
        _OURS_BY_SSH: _copy("big", scene.by_ssh("got"), *_SIZE),
        "rclone, tuned": scene.rclone("copyto", "big", f":sftp:{target}"),
        "lftp put": scene.lftp(f"put {scene.folder}/big -o {target}"),
    }
    return scene.run(title, commands, "got")


def down(scene: Scene) -> str:
    with _one_file(scene, _BIG):
        return _one_down(scene, "1 GiB down")


def up(scene: Scene) -> str:
    with _one_file(scene, _BIG):
        return _one_up(scene, "1 GiB up")


class _one_file:  # noqa: N801 - a context manager
    def __init__(self, scene: Scene, size: int) -> None:
        self._path = scene.folder / "big"
        self._size = size

    def __enter__(self) -> None:
        _fill(self._path, self._size)

    def __exit__(self, *_: object) -> None:
        self._path.unlink()


def _tree_down(scene: Scene, name: str, title: str) -> str:
    source = f"{scene.folder}/{name}"
    commands = {
        "sftp -r": scene.sftp(f"get -r {source} {scene.folder}/got"),
        "wharfie copy, sha256 both ends": _copy(scene.ours(f"{name}/"), "got/"),
        _OURS_BY_SSH: _copy(scene.by_ssh(f"{name}/"), "got/", *_SIZE),
        "rclone, 16 at once": scene.rclone("copy", f":sftp:{source}", "got", "--transfers", "16"),
        "lftp mirror -P 4": scene.lftp(f"mirror -P 4 {source} {scene.folder}/got"),
    }
    return scene.run(f"{title} down", commands, "got")


def _tree_up(scene: Scene, name: str, title: str) -> str:
    target = f"{scene.folder}/got"
    commands = {
        "sftp -r": scene.sftp(f"put -r {scene.folder}/{name} {target}"),
        "wharfie copy, sha256 both ends": _copy(f"{name}/", scene.ours("got/")),
        "wharfie copy, size only": _copy(f"{name}/", scene.ours("got/"), *_SIZE),
        _OURS_BY_SSH: _copy(f"{name}/", scene.by_ssh("got/"), *_SIZE),
        "rclone, 16 at once": scene.rclone("copy", name, f":sftp:{target}", "--transfers", "16"),
        "lftp mirror -R -P 4": scene.lftp(f"mirror -R -P 4 {scene.folder}/{name} {target}"),
    }
    return scene.run(f"{title} up", commands, "got")


def medium(scene: Scene) -> str:
    folder, title = _files(scene, "medium", _MEDIUM, _MEDIUM_SIZE), "20 × 16 MiB"
    told = _tree_down(scene, "medium", title) + _tree_up(scene, "medium", title)
    shutil.rmtree(folder)
    return told


def small(scene: Scene) -> str:
    folder, title = _files(scene, "small", _SMALL, _SMALL_SIZE), "2,000 × 8 KiB"
    told = _tree_down(scene, "small", title) + _tree_up(scene, "small", title)
    shutil.rmtree(folder)
    return told


def listing(scene: Scene) -> str:
    folder = _files(scene, "listed", _LISTED, 0)
    commands = {
        "sftp ls -1": scene.sftp(f"ls -1 {folder}"),
        "wharfie ls": ["wharfie", "ls", scene.ours("listed/"), "--accept-new"],
        _OURS_BY_SSH: ["wharfie", "ls", scene.by_ssh("listed/"), "--accept-new"],
        "rclone lsf": ["rclone", "lsf", f":sftp:{folder}"],
        "lftp cls": scene.lftp(f"cls -1 {folder}"),
    }
    told = scene.run(f"list {_LISTED:,}", commands)
    shutil.rmtree(folder)
    return told


def far(scene: Scene) -> str:
    return _far(scene, (0.02, 0.1), "down", _one_down)


def far_up(scene: Scene) -> str:
    return _far(scene, (0.02, 0.1), "up", _one_up)


def _far(
    scene: Scene, trips: Sequence[float], way: str, measure: Callable[[Scene, str], str]
) -> str:
    told = ""
    with _one_file(scene, _FAR):
        for trip in trips:
            with Distance(scene.server.port, trip) as relay:
                title = f"256 MiB {way}, {trip * 1000:.0f} ms there and back"
                told += measure(replace(scene, port=relay.port), title)
    return told


def far_small(scene: Scene) -> str:
    folder = _files(scene, "small", _SMALL, _SMALL_SIZE)
    with Distance(scene.server.port, 0.02) as relay:
        away = replace(scene, port=relay.port)
        source = f":sftp:{folder}"
        commands = {
            "rclone, 64 at once": away.rclone("copy", source, "got", "--transfers", "64"),
            "wharfie copy, sha256 both ends": _copy(away.ours("small/"), "got/"),
        }
        told = away.run("2,000 × 8 KiB down, 20 ms there and back", commands, "got")
    shutil.rmtree(folder)
    return told


_WORKS = {
    "down": down,
    "up": up,
    "medium": medium,
    "small": small,
    "list": listing,
    "far": far,
    "far-up": far_up,
    "far-small": far_small,
}


def _programs(peers: str) -> dict[str, str]:
    path = os.pathsep.join([os.environ.get("PATH", ""), peers]) if peers else None
    found = {name: shutil.which(name, path=path) for name in ("sh", "lftp", "rclone")}
    return {name: program for name, program in found.items() if program is not None}


def _write_ssh_config(server: OpenSSH, path: Path) -> None:
    lines = (
        f"IdentityFile {server.key_path}",
        "IdentitiesOnly yes",
        "StrictHostKeyChecking no",
        "UserKnownHostsFile /dev/null",
        "LogLevel ERROR",
    )
    path.write_text("".join(f"{line}\n" for line in lines))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers", default="")
    parser.add_argument("--only", nargs="+", choices=[*_WORKS], default=[*_WORKS])
    parser.add_argument(
        "--without", nargs="+", default=[], help="programs, as the table names them"
    )
    options = parser.parse_args()
    with workplace() as place, OpenSSH(place.folder / "sshd") as server:
        _write_ssh_config(server, place.folder / "ssh_config")
        programs, without = _programs(options.peers), frozenset(options.without)
        scene = Scene(place, server, server.port, programs, options.runs, without)
        for work in options.only:
            sys.stdout.write(_WORKS[work](scene))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
