"""What a look at a place found, step by step: what `wharfie doctor` prints."""

from __future__ import annotations

import queue
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeVar

from providers.errors import AuthRequired, HostKeyUnknown, ProviderError
from providers.records import dataclass
from providers.text import printable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """One step. `ok` None: a remark, neither good nor bad. `seconds`: how long it took.

    Texts are safe for a terminal. `advice` is what to do when it is not `ok`. `asks`: what a person
    can answer to get further; the walk begins again then.
    """

    step: str
    ok: bool | None
    what: str
    advice: str = ""
    seconds: float = 0.0
    asks: AuthRequired | HostKeyUnknown | None = None


class Step:
    """One step under way: it is timed from here on and makes its finding.

    `about`: addresses that everyone knows the walk is about; an error does not repeat them.
    """

    def __init__(self, name: str, *about: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._about = about
        self._clock = clock
        self._began = clock()
        self._took: float | None = None

    def stop(self) -> None:
        """It ends now; what it found is told later."""
        self._took = self._clock() - self._began

    def fine(self, what: str) -> Finding:
        return self._finding(True, what, "")

    def remark(self, what: str, advice: str = "") -> Finding:
        return self._finding(None, what, advice)

    def wrong(self, what: str, advice: str) -> Finding:
        return self._finding(False, what, advice)

    def failed(self, error: ProviderError, advice: str = "") -> Finding:
        """What an error says. `advice` goes before its own."""
        where = "" if error.path in ("", *self._about) else f"{error.path}: "
        asks = error if isinstance(error, AuthRequired | HostKeyUnknown) else None
        told = f"{advice} {error.advice}".strip()
        return self._finding(False, where + error.what, told, asks)

    def _finding(
        self,
        ok: bool | None,
        what: str,
        advice: str,
        asks: AuthRequired | HostKeyUnknown | None = None,
    ) -> Finding:
        took = self._clock() - self._began if self._took is None else self._took
        return Finding(self._name, ok, printable(what), printable(advice), took, asks)


def in_time(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises. Raises TimeoutError when it has not ended after `seconds`.

    For what nothing can end (a name being resolved, a disk of a network that is gone): it is left
    alone then.
    """
    ended: queue.SimpleQueue[tuple[T, None] | tuple[None, Exception]] = queue.SimpleQueue()

    def run() -> None:
        try:
            ended.put((work(), None))
        except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
            ended.put((None, error))

    threading.Thread(target=run, name="doctor", daemon=True).start()
    try:
        result, error = ended.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"not done within {seconds:g} seconds") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # there is a result where there is no error


def look_alike(name: str, names: Iterable[str]) -> str:
    """A sentence about one of `names` that a person may have meant by `name`; "" for none."""
    for other in names:
        if other == name:
            continue
        composed = unicodedata.normalize("NFC", other)
        if composed == unicodedata.normalize("NFC", name):
            return (
                f"There is “{printable(other)}”, whose accents are encoded another way (Unicode)."
            )
        if composed.casefold() == unicodedata.normalize("NFC", name).casefold():
            return f"There is “{printable(other)}”: capital letters make a difference there."
        if composed.strip() == unicodedata.normalize("NFC", name).strip():
            return f"There is “{printable(other)}”, with a space at its beginning or end."
    return ""


def odd_names(names: Iterable[str]) -> str:
    """A sentence about names that other systems show or store differently; "" for none."""
    undecodable = decomposed = steering = 0
    for name in names:
        if any(0xDC80 <= ord(char) <= 0xDCFF for char in name):
            undecodable += 1
        elif not name.isprintable():
            steering += 1
        elif name != unicodedata.normalize("NFC", name):
            decomposed += 1
    told = [
        f"{undecodable} are not UTF-8" * bool(undecodable),
        f"{steering} hold characters that are not shown" * bool(steering),
        f"{decomposed} have decomposed accents (NFD, as old macOS)" * bool(decomposed),
    ]
    return ", ".join(filter(None, told))
