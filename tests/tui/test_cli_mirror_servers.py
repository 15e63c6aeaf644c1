"""`wharfie mirror` to and from an SFTP server: what it asks, and a plan that is kept for later."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from providers.sandbox.sample import BUCKET
from tests.tui.cli_runner import wharfie
from tests.tui.test_cli_mirror import content, fill
from tests.tui.test_cli_sftp import know

if TYPE_CHECKING:
    from providers.sandbox.start import Sandbox
    from tests.servers.openssh import OpenSSH

FOLDERS = 30


@pytest.fixture
def env(openssh: OpenSSH, isolated_home: Path) -> Mapping[str, str]:
    know(isolated_home, openssh.known_hosts_line)
    return {"SFTP_KEY": str(openssh.key_path)}


@pytest.fixture
def left(tmp_path: Path) -> Path:
    files = {f"folder{n % FOLDERS}__ü {n}": str(n) for n in range(90)}
    return fill(tmp_path / "left", **files)


def remote(openssh: OpenSSH, path: Path) -> str:
    return f"{openssh.endpoint}{path}"


def test_a_second_run_asks_for_each_folder_once_and_says_how_much_it_asked(
    openssh: OpenSSH, env: Mapping[str, str], left: Path, tmp_path: Path
) -> None:
    there = remote(openssh, tmp_path / "right")
    first = wharfie("mirror", left, there, env=env)
    assert (first.code, first.out, first.err) == (0, "", "")
    assert content(tmp_path / "right") == content(left)
    *jobs, summary = wharfie("mirror", left, there, "--json", env=env).lines
    assert jobs == []
    assert set(summary["requests"]) == {"target"}
    # A folder takes an open, a page, its end and a close; some pages are asked for ahead.
    assert FOLDERS <= summary["requests"]["target"] <= 8 * (FOLDERS + 1) + 20
    said = wharfie("mirror", left, there, "--summary", env=env).out
    # What is asked ahead may be a few more or less.
    counted = re.search(r"requests to compare: target (\d+)", said)
    assert counted and FOLDERS <= int(counted[1]) <= 8 * (FOLDERS + 1) + 20


def test_it_comes_back_and_a_changed_file_alone_is_sent(
    openssh: OpenSSH, env: Mapping[str, str], left: Path, tmp_path: Path
) -> None:
    there = remote(openssh, left)
    assert wharfie("mirror", there, tmp_path / "back", env=env).code == 0
    assert content(tmp_path / "back") == content(left)
    fill(left, folder1__new="new")
    *jobs, summary = wharfie("mirror", there, tmp_path / "back", "--json", env=env).lines
    assert [(job["op"], job["proof"]) for job in jobs] == [("copy", "sha256 both ends")]
    assert summary["same"] == 90


def test_both_on_one_server_are_counted_together(
    openssh: OpenSSH, env: Mapping[str, str], left: Path, tmp_path: Path
) -> None:
    words = remote(openssh, left), remote(openssh, tmp_path / "right")
    assert wharfie("mirror", *words, env=env).code == 0
    *_, summary = wharfie("mirror", *words, "--json", env=env).lines
    assert set(summary["requests"]) == {"both"}
    assert content(tmp_path / "right") == content(left)


def test_an_unknown_host_key_is_one_sentence_and_nothing_is_done(
    openssh: OpenSSH, left: Path, tmp_path: Path
) -> None:
    env = {"SFTP_KEY": str(openssh.key_path)}
    done = wharfie("mirror", left, remote(openssh, tmp_path / "right"), env=env)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "SHA256:" in done.err
    assert not (tmp_path / "right").exists()


def test_a_plan_that_is_kept_runs_later_as_far_as_it_still_holds(
    openssh: OpenSSH, env: Mapping[str, str], left: Path, tmp_path: Path
) -> None:
    right, plan = tmp_path / "right", tmp_path / "plan"
    fill(right, folder0__changes="by somebody", extra="deleted")
    fill(left, folder0__changes="old", stays="as it is")
    words = (left, remote(openssh, right), "--delete")
    assert wharfie("mirror", *words, "--save-plan", plan, "--max-delete", "100", env=env).code == 0
    assert set(content(right)) == {"folder0", "folder0/changes", "extra"}
    if os.name != "nt":
        assert plan.stat().st_mode & 0o777 == 0o600

    (right / "folder0" / "changes").write_text("somebody else's work")
    done = wharfie("mirror", "--plan", plan, env=env)
    assert done.code == 1
    lines = done.err.splitlines()
    assert len(lines) == 2
    assert any(
        "folder0/changes" in line and "not what it was on the right" in line for line in lines
    )
    assert any("extra" in line and "not deleted" in line for line in lines)
    assert (right / "folder0" / "changes").read_text() == "somebody else's work"
    assert (right / "stays").read_text() == "as it is"
    assert (right / "extra").exists()


def test_a_plan_that_holds_is_done_and_quiet(
    openssh: OpenSSH, env: Mapping[str, str], left: Path, tmp_path: Path
) -> None:
    there, plan = remote(openssh, tmp_path / "right"), tmp_path / "plan"
    wharfie("mirror", left, there, "--save-plan", plan, env=env)
    shown = wharfie("mirror", "--plan", plan, "--dry-run", env=env)
    assert shown.code == 0
    assert "90 to copy" in shown.out
    done = wharfie("mirror", "--plan", plan, env=env)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert content(tmp_path / "right") == content(left)


@pytest.mark.parametrize("text", ["", "{}", '{"format": "wharfie mirror plan"}', "\xff"])
def test_what_is_no_plan_is_wrong_use(text: str, tmp_path: Path) -> None:
    (tmp_path / "plan").write_text(text, encoding="latin-1")
    done = wharfie("mirror", "--plan", tmp_path / "plan")
    assert done.code == 2
    assert done.err.count("\n") == 1


def test_a_bucket_is_compared_by_pages_of_its_list_and_by_nothing_else(
    sandbox: Sandbox, left: Path, tmp_path: Path
) -> None:
    env = {
        "AWS_ENDPOINT_URL": sandbox.s3_url,
        "AWS_ACCESS_KEY_ID": sandbox.s3_key_id,
        "AWS_SECRET_ACCESS_KEY": sandbox.s3_secret,
        "AWS_REGION": "us-east-1",
    }
    there = f"s3://{BUCKET}/mirrored/tree"
    assert wharfie("mirror", left, there, env=env).code == 0
    *jobs, summary = wharfie("mirror", left, there, "--json", env=env).lines
    assert (jobs, summary["same"]) == ([], 90)
    # A list for each folder, and a look at the top.
    assert summary["requests"]["target"] <= FOLDERS + 1 + 3
    assert wharfie("mirror", there, tmp_path / "back", env=env).code == 0
    assert content(tmp_path / "back") == content(left)
