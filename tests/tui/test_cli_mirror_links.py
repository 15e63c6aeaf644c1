"""`wharfie mirror --links link`: links are made, replaced and deleted as links, through none."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tui.cli_runner import Finished, wharfie
from tests.tui.test_cli_mirror import fill
from tests.tui.test_cli_sftp import know

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows makes no links unprivileged")


@dataclass(frozen=True)
class Case:
    """Two trees, and a folder outside both with a file in it. `here`, `there`: as typed."""

    left: Path
    right: Path
    outside: Path
    here: str
    there: str
    env: Mapping[str, str]

    def mirror(self, *words: str | Path) -> Finished:
        return wharfie("mirror", self.here, self.there, "--links", "link", *words, env=self.env)


@pytest.fixture(params=["local", "to sftp", "from sftp"])
def case(request: pytest.FixtureRequest, tmp_path: Path, isolated_home: Path) -> Case:
    left = fill(tmp_path / "left", file="1", sub__file="22")
    right = fill(tmp_path / "right", file="1", sub__file="22")
    outside = fill(tmp_path / "outside", precious="3")
    if request.param == "local":
        return Case(left, right, outside, str(left), str(right), {})
    openssh: OpenSSH = request.getfixturevalue("openssh")
    know(isolated_home, openssh.known_hosts_line)
    env = {"SFTP_KEY": str(openssh.key_path)}
    far = f"{openssh.endpoint}{right if request.param == 'to sftp' else left}"
    here, there = (str(left), far) if request.param == "to sftp" else (far, str(right))
    return Case(left, right, outside, here, there, env)


def links(top: Path) -> dict[str, str]:
    found = (path for path in top.rglob("*") if path.is_symlink())
    return {path.relative_to(top).as_posix(): os.readlink(path) for path in found}


def test_links_become_those_of_the_source_and_a_second_run_makes_no_transfer(case: Case) -> None:
    (case.left / "new").symlink_to("file")
    (case.left / "sub" / "dangling").symlink_to("nowhere")
    (case.left / "outwards").symlink_to(case.outside)
    (case.left / "changed").symlink_to("sub")
    (case.right / "changed").symlink_to(case.outside)
    (case.right / "only").symlink_to(case.outside)
    (case.right / "only file").symlink_to("file")
    done = case.mirror("--delete")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert links(case.right) == links(case.left)
    assert (case.outside / "precious").read_text() == "3"
    assert (case.right / "file").read_text() == "1"
    *jobs, summary = case.mirror("--delete", "--json").lines
    assert (jobs, summary["same"], summary["steps"]) == ([], 6, {})


def test_nothing_is_written_nor_deleted_through_a_link_of_the_target(case: Case) -> None:
    fill(case.left, folder__precious="another", folder__new="new")
    (case.right / "folder").symlink_to(case.outside)
    (case.left / "to").symlink_to("file")
    (case.right / "to").mkdir()
    done = case.mirror("--delete")
    assert done.code == 1
    assert len(done.err.splitlines()) == 2
    assert [path.name for path in case.outside.iterdir()] == ["precious"]
    assert (case.outside / "precious").read_text() == "3"
    assert os.readlink(case.right / "folder") == str(case.outside)
    assert (case.right / "to").is_dir()


def test_what_is_deleted_goes_into_the_backup_folder_as_the_link_it_is(case: Case) -> None:
    (case.right / "only").symlink_to(case.outside)
    assert case.mirror("--delete", "--backup", f"{case.there}-kept").code == 0
    (dated,) = case.right.with_name("right-kept").iterdir()
    assert links(dated) == {"only": str(case.outside)}
    assert (case.outside / "precious").read_text() == "3"


def test_what_is_deleted_goes_to_the_trash_as_the_link_it_is(
    tmp_path: Path, isolated_home: Path
) -> None:
    left, right = fill(tmp_path / "left", file="1"), fill(tmp_path / "right", file="1")
    outside = fill(tmp_path / "outside", precious="3")
    (right / "only").symlink_to(outside)
    env = {"XDG_DATA_HOME": str(isolated_home / "data")}
    words = ("--links", "link", "--delete", "--trash")
    assert wharfie("mirror", left, right, *words, env=env).code == 0
    assert not (right / "only").is_symlink()
    assert str(outside) in links(isolated_home).values()
    assert (outside / "precious").read_text() == "3"


def test_a_dry_run_says_which_links_it_would_make_and_a_receipt_has_no_proof_of_them(
    case: Case, tmp_path: Path
) -> None:
    fill(case.left, new="4444")
    (case.left / "link").symlink_to("file")
    *steps, totals = case.mirror("--dry-run").out.splitlines()
    said = sorted(" ".join(line.split()) for line in steps)
    assert said == ["copy new 4 B new", "link new link"]
    assert totals.startswith("1 to copy (4 B), 1 to link, 2 the same")
    receipt = tmp_path / "receipt.jsonl"
    done = case.mirror("--receipt", receipt, "--summary")
    assert done.code == 0
    assert done.out.startswith("1 copied, 1 linked, 2 the same · 4 B · proven: 1 × ")
    case.mirror("--receipt", receipt)
    top, *files, end = map(json.loads, receipt.read_text().splitlines())
    names = sorted(Path(file["target"]).relative_to(top["target"]).as_posix() for file in files)
    assert (names, end["files"]) == (["file", "new", "sub/file"], 3)
