"""What a status says, as the error it is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

from providers.errors import (
    AuthRequired,
    ConnectionLost,
    Denied,
    NoSpace,
    NotFound,
    ProviderError,
    TargetChanged,
    Throttled,
    Unsupported,
)
from providers.web.headers import retry_after


class Answer(Protocol):
    """The part of a `session.Response` that is judged."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def endpoint(self) -> str: ...


_LONG_NAME = "the address is too long for this server"


def problem(response: Answer, path: str, doing: str) -> ProviderError:
    """The error that an answer other than success is. `doing` ends the sentence: "reading it".

    Its own words are not shown: the status says it, and a page of HTML says no more.
    """
    status = response.status
    said = f"the server answered {status} to {doing}"
    slow_down = throttled(status, response.headers, path, response.endpoint)
    if slow_down is not None:
        return slow_down
    if status in _KNOWN:
        return _KNOWN[status](path, said, response)
    if 300 <= status < 400:
        return Unsupported(
            path, f"the server sent {doing} elsewhere", advice="Use the address it moved to."
        )
    if status >= 500:
        return ConnectionLost(path, said, advice="It is tried again; the fault is the server's.")
    return Denied(path, said, advice="Look at the address and at what the server allows.")


def throttled(
    status: int, headers: Mapping[str, str], path: str, endpoint: str
) -> Throttled | None:
    """429, and 503 that says when to come back; None for any other answer."""
    wait = retry_after(headers.get("Retry-After"), time.time())
    if status != 429 and (status != 503 or wait is None):
        return None
    return Throttled(path, retry_after=wait, endpoint=endpoint)


def _sign_in(path: str, said: str, response: Answer) -> ProviderError:
    return AuthRequired(response.endpoint, f"{said}: a sign-in is needed")


def _gone(path: str, said: str, response: Answer) -> ProviderError:
    return NotFound(path)


def _denied(path: str, said: str, response: Answer) -> ProviderError:
    return Denied(path, f"{said}: it is not allowed", advice="Sign in as someone who may.")


def _unsupported(path: str, said: str, response: Answer) -> ProviderError:
    return Unsupported(path, f"{said}: this server cannot do that")


def _changed(path: str, said: str, response: Answer) -> ProviderError:
    return TargetChanged(path)


def _full(path: str, said: str, response: Answer) -> ProviderError:
    return NoSpace(path, said)


def _too_large(path: str, said: str, response: Answer) -> ProviderError:
    return NoSpace(
        path,
        "the server takes no file that large (413)",
        advice="Its owner sets that limit (nginx: client_max_body_size).",
    )


def _too_long(path: str, said: str, response: Answer) -> ProviderError:
    return Unsupported(path, _LONG_NAME)


def _busy(path: str, said: str, response: Answer) -> ProviderError:
    return ConnectionLost(path, said, advice="It is tried again.")


def _locked(path: str, said: str, response: Answer) -> ProviderError:
    """Servers lock by themselves, too: Go's (rclone) for the length of each request that changes
    something, so that two at once meet this."""
    what, advice = "somebody has locked it (423)", "Try again when they are done."
    return Throttled(path, what, retry_after=None, advice=advice)


def _proxy(path: str, said: str, response: Answer) -> ProviderError:
    return Denied(
        path,
        "the proxy wants a sign-in (407)",
        advice="Set the site's proxy to one that takes you, or to “none”.",
    )


_KNOWN = {
    401: _sign_in,
    403: _denied,
    404: _gone,
    405: _unsupported,
    407: _proxy,
    408: _busy,
    410: _gone,
    412: _changed,
    413: _too_large,
    414: _too_long,
    423: _locked,
    425: _busy,
    501: _unsupported,
    507: _full,
}
