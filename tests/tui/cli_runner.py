"""Runs `wharfie` as a person would: a process of its own, its output and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 90


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What `--json` printed, the summary last."""
        return [json.loads(line) for line in self.out.splitlines()]


def wharfie(*words: str | Path, env: Mapping[str, str] | None = None) -> Finished:
    """Run to the end, without a terminal."""
    process = start(*words, env=env)
    out, err = process.communicate(timeout=SECONDS)
    return Finished(process.returncode, out, err)


def start(*words: str | Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start it and return at once."""
    return subprocess.Popen(
        [sys.executable, "-m", "tui", *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, **(env or {})},
    )
