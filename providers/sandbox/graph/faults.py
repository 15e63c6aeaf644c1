"""What goes wrong on the wire: rules that the next requests of a kind run into."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping

from providers.records import dataclass, field


@dataclass(frozen=True, slots=True)
class Rule:
    """One harm. Bytes and seconds.

    `status` answers instead of the service. `drop_after` reads that much of the body and cuts the
    connection (`keep`: what was read counts). `lose_answer` does what was asked, and cuts.
    `cut_after` gives that much of the answer and cuts. `piece` and `pause` make it drip.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    drop_after: int | None = None
    keep: bool = False
    lose_answer: bool = False
    cut_after: int | None = None
    piece: int = 0
    pause: float = 0.0
    wait: Callable[[float], object] = time.sleep


@dataclass(slots=True)
class _Armed:
    rule: Rule
    where: str
    method: str
    path: re.Pattern[str]
    left: int
    skip: int


_NO_HARM = Rule()


class Faults:
    """Rules in the order they were added; each holds for so many requests that match."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()
        self.asked: list[tuple[str, str, str]] = []

    def add(
        self, rule: Rule, where: str, method: str, path: str, *, times: int = 1, skip: int = 0
    ) -> None:
        """For `times` requests, after `skip` of them. `path` is a regular expression to search in
        the path with its query; `method` "" means any."""
        armed = _Armed(rule, where, method, re.compile(path), times, skip)
        with self._lock:
            self._armed.append(armed)

    def take(self, where: str, method: str, path: str) -> Rule:
        """The rule for this request, and one that harms nothing if there is none."""
        with self._lock:
            self.asked.append((where, method, path))
            for armed in self._armed:
                if armed.where != where or armed.method not in ("", method):
                    continue
                if not armed.path.search(path):
                    continue
                if armed.skip > 0:
                    armed.skip -= 1
                    continue
                armed.left -= 1
                if armed.left <= 0:
                    self._armed.remove(armed)
                return armed.rule
        return _NO_HARM

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()
