"""A web server of the tests as a place, with deadlines that a test can wait for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from providers.access import Access, Secrets
from providers.errors import Secret
from providers.http.options import Options
from providers.http.provider import HttpProvider
from providers.http.session import Session
from providers.web.patience import Patience

HURRIED = Patience(resolve=5.0, connect=5.0, silence=2.0, headers=2.0, go_ahead=0.2, answer=5.0)
NO_PROXY = Options(proxy="none")


def access(endpoint: str = "", **secrets: str) -> Access:
    """An access that knows the given secrets ("password", "token") of `endpoint`."""
    known = Secrets()
    for needs, value in secrets.items():
        kind: Secret = needs  # type: ignore[assignment]
        known.put(endpoint, kind, value)
    return Access(Path("no-known-hosts"), known)


@contextmanager
def session(
    endpoint: str,
    *,
    options: Options = NO_PROXY,
    patience: Patience = HURRIED,
    **secrets: str,
) -> Iterator[Session]:
    opened = Session(endpoint, options, access(endpoint, **secrets), patience=patience)
    with closing(opened):
        yield opened


@contextmanager
def place(
    endpoint: str,
    *,
    options: Options = NO_PROXY,
    patience: Patience = HURRIED,
    **secrets: str,
) -> Iterator[HttpProvider]:
    given = access(endpoint, **secrets)
    opened = HttpProvider(Session(endpoint, options, given, patience=patience), given)
    with closing(opened):
        yield opened


def read(place: HttpProvider, path: str, **range_: object) -> bytes:
    with place.read(path, **range_) as reader:  # type: ignore[arg-type]
        return b"".join(bytes(chunk) for chunk in reader.chunks())
