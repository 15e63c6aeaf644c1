"""`wharfie doctor [LOCATION] [--json]`: what is wrong, and what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from providers.access import Access
from providers.base import Place
from providers.diagnosis import Finding
from providers.records import dataclass
from providers.registry import diagnose
from tui.headless.checkup_home import look_at_home
from tui.headless.checkup_system import look_at_system
from tui.headless.sign_in import answered
from tui.settings import Home

_STEP_WIDTH = 12
_INDENT = " " * (_STEP_WIDTH + 3)
_MARKS = {True: "✓", False: "✗", None: "·"}
_ASCII_MARKS = {True: "+", False: "x", None: "-"}
_ASCII = str.maketrans({"“": '"', "”": '"', "→": "->", "–": "-", "…": "...", "×": "x", "·": "-"})
_ANSWERS = 4  # a host key, a passphrase, a password and one slip of the finger


def check_home(home: Home, *, env_file: Path | None = None, as_json: bool = False) -> int:
    """Look at this computer and at Wharfie's own files; the exit status."""
    report = _Report(as_json)
    report.all(look_at_system(os.environ))
    report.all(look_at_home(home, os.environ, env_file))
    return report.end()


def check_place(place: Place, access: Access, *, as_json: bool = False) -> int:
    """Walk the way to `place` step by step; the exit status.

    On a terminal the person is asked for what is missing, and the walk begins again.
    """
    for _ in range(_ANSWERS):
        report = _Report(as_json)
        last = report.all(diagnose(place, access))
        if last is None or last.asks is None or as_json or not answered(last.asks, access):
            break
        print()
    if access.secrets.vault.problem:
        what = f"what is kept in {access.secrets.vault.name} could not be used"
        report.all([Finding("secrets", None, what, access.secrets.vault.problem)])
    return report.end()


@dataclass(slots=True)
class _Report:
    as_json: bool
    steps: int = 0
    wrong: int = 0

    def all(self, findings: Iterable[Finding]) -> Finding | None:
        """Print each as it comes; the last one."""
        finding = None
        for finding in findings:
            self.steps += 1
            self.wrong += finding.ok is False
            for line in [_as_json(finding)] if self.as_json else _as_text(finding):
                print(line, flush=True)
        return finding

    def end(self) -> int:
        if self.as_json:
            told = {"summary": True, "ok": not self.wrong, "steps": self.steps, "wrong": self.wrong}
            print(json.dumps(told))
        elif self.wrong:
            print(f"{self.wrong} of {self.steps} steps found something wrong")
        else:
            print("nothing is wrong")
        return 1 if self.wrong else 0


def _as_json(finding: Finding) -> str:
    return json.dumps(
        {
            "step": finding.step,
            "ok": finding.ok,
            "what": finding.what,
            "advice": finding.advice,
            "seconds": round(finding.seconds, 4),
        }
    )


def _as_text(finding: Finding) -> Iterator[str]:
    plain = not _can_show("".join(_MARKS.values()) + "“”→")
    mark = (_ASCII_MARKS if plain else _MARKS)[finding.ok]
    lines = _wrapped(
        f"{mark} {finding.step:{_STEP_WIDTH}} ", f"{finding.what} ({_took(finding.seconds)})"
    )
    if finding.advice:
        lines += _wrapped(_INDENT + "→ ", finding.advice)
    for line in lines:
        yield line.translate(_ASCII) if plain else line


def _took(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _wrapped(start: str, text: str) -> list[str]:
    """Lines for the terminal's width; one line where there is no terminal."""
    if not sys.stdout.isatty():
        return [start + text]
    return textwrap.wrap(
        text,
        max(40, shutil.get_terminal_size().columns - 1),
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
