"""What a refusal of Graph, or of a host that it sends to, means. Pure.

The status decides; codes are looked at where one status means several things, and words never.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Protocol

from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    Denied,
    InvalidName,
    NoSpace,
    NotFound,
    ProviderError,
    SourceChanged,
    TargetChanged,
    Throttled,
    Unsupported,
)
from providers.records import dataclass
from providers.text import printable
from providers.web.headers import retry_after

THROTTLED = frozenset({429, 503, 509})
_MESSAGE = 200  # characters of a server's own words that are shown
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Fault:
    """`codes`: from the outermost to the innermost."""

    codes: tuple[str, ...] = ()
    message: str = ""


class Answer(Protocol):
    """The part of an answer that is judged."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def fault(self) -> Fault: ...
    @property
    def endpoint(self) -> str: ...


def fault_of(body: bytes) -> Fault:
    """What a refusal's body says; nothing where it is none (a proxy's page, say)."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return Fault()
    error = told.get("error") if isinstance(told, dict) else None
    codes: list[str] = []
    message = error.get("message") if isinstance(error, dict) else ""
    while isinstance(error, dict) and len(codes) < _DEEPEST:
        code = error.get("code")
        if isinstance(code, str):
            codes.append(code)
        error = error.get("innerError", error.get("innererror"))
    return Fault(tuple(codes), message if isinstance(message, str) else "")


def throttled(answer: Answer, path: str) -> Throttled:
    """The whole account waits when the answer says for how long (learn.microsoft.com, throttling:
    what is asked meanwhile counts as well, and makes it longer)."""
    wait = retry_after(answer.headers.get("Retry-After"), time.time())
    whole = wait is not None or answer.status == 429
    where = answer.endpoint if whole else ""
    return Throttled(path, "the service asked to slow down", retry_after=wait, endpoint=where)


def problem(answer: Answer, path: str, doing: str) -> ProviderError:
    """The error that an answer other than success is. `doing` ends the sentence: "reading it"."""
    status, codes = answer.status, {code.casefold() for code in answer.fault.codes}
    if status in THROTTLED:
        return throttled(answer, path)
    said = _said(answer, doing)
    if status == 400:
        return _bad_request(codes, path, said)
    if status == 403 and ("malwaredetected" in codes or "X-Virus-Infected" in answer.headers):
        what = "the service says that it is infected, and does not hand it out"
        return Denied(path, what, advice="Look at it in the browser.")
    known = _STATUSES.get(status)
    if known is not None:
        kind, what, advice = known
        return kind(path, what.format(said=said) or None, advice=advice)
    if status >= 500 or status == 408:
        return ConnectionLost(path, said, advice="It is tried again; the fault is the service's.")
    return Denied(path, said, advice="Look at the address and at what the service allows.")


def _bad_request(codes: set[str], path: str, said: str) -> ProviderError:
    if "pathistoolong" in codes:
        what = "the path is longer than the service takes (400 characters)"
        return InvalidName(path, what, advice="Use shorter names, or fewer folders.")
    if "namecontainsinvalidcharacters" in codes:
        return InvalidName(path, "the service refuses this name", advice="Rename it and try again.")
    if "notsupported" in codes:
        return Unsupported(path, said)
    return Denied(path, said, advice="Look at the address and at what the service allows.")


def _said(answer: Answer, doing: str) -> str:
    said = f"the service answered {answer.status} to {doing}"
    codes, words = answer.fault.codes, printable(answer.fault.message).strip().rstrip(".")
    if codes:
        said = f"{said} ({printable(codes[-1])[:60]}{words and ': '}{words[:_MESSAGE]})"
    return said


_Known = tuple[type[ProviderError], str, str | None]
_STATUSES: dict[int, _Known] = {
    403: (Denied, "{said}: this account may not do that", "Ask its owner to share it with you."),
    404: (NotFound, "", None),
    405: (Unsupported, "{said}: the service cannot do that", ""),
    406: (Unsupported, "{said}: the service cannot do that", ""),
    409: (AlreadyExists, "", None),
    410: (NotFound, "{said}", None),
    412: (TargetChanged, "", None),
    413: (NoSpace, "the service takes no file that large", ""),
    416: (SourceChanged, "the file is shorter than it was", None),
    423: (
        Denied,
        "it is locked: somebody has it open, or checked it out",
        "Close it there (Office, the browser), then retry.",
    ),
    501: (Unsupported, "{said}: the service cannot do that", ""),
    507: (NoSpace, "the drive is full, or its quota is used up", None),
}
