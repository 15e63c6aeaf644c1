"""Cookies of one site: kept for this run and shown to nobody but the server that set them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable

from providers.records import dataclass
from providers.web.headers import http_date

_MOST = 100
_LONGEST = 8 << 10
_SECONDS = re.compile(r"-?[0-9]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # no header may carry one back


@dataclass(frozen=True, slots=True)
class _Cookie:
    value: str
    path: str
    until: float | None  # Unix seconds


class Cookies:
    """Of one origin. A Domain that would take them elsewhere is not heeded (RFC 6265, 5.3)."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], _Cookie] = {}

    def take(self, lines: Iterable[str], target: str) -> None:
        """Keep what the Set-Cookie headers of an answer to `target` say.

        One that could not be sent back is left out (RFC 6265bis, 5.6); none of them is an error.
        """
        with self._lock:
            for line in lines:
                self._take(line, target)

    def _take(self, line: str, target: str) -> None:
        pair, *attributes = line.split(";")
        name, found, value = pair.partition("=")
        if not found or not name.strip() or len(pair) > _LONGEST or _CONTROL.search(pair):
            return
        said = {key.strip().lower(): text.strip() for key, _, text in map(_split, attributes)}
        path = said.get("path", "")
        if not path.startswith("/"):
            path = target.partition("?")[0].rpartition("/")[0] or "/"
        until = self._until(said)
        key = (name.strip(), path)
        self._kept.pop(key, None)
        if until is None or until > self._clock():
            self._kept[key] = _Cookie(value.strip(), path, until)
            while len(self._kept) > _MOST:
                del self._kept[next(iter(self._kept))]

    def _until(self, said: dict[str, str]) -> float | None:
        age = said.get("max-age", "")
        if _SECONDS.fullmatch(age):
            return self._clock() + int(age[:12])
        return http_date(said.get("expires"))

    def header(self, target: str) -> str | None:
        """The Cookie header for `target`; None for none."""
        path = target.partition("?")[0]
        with self._lock:
            now = self._clock()
            fitting = [
                f"{name}={cookie.value}"
                for (name, _), cookie in self._kept.items()
                if _under(path, cookie.path) and (cookie.until is None or cookie.until > now)
            ]
        return "; ".join(fitting) or None


def _split(attribute: str) -> tuple[str, str, str]:
    return attribute.partition("=")


def _under(path: str, top: str) -> bool:
    return path == top or path.startswith(top.rstrip("/") + "/")
