"""The way to a drive, step by step: who signs in, the service, the drive, its room, the folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from providers.access import Access
from providers.base import Kind
from providers.diagnosis import Finding, Step, odd_names
from providers.errors import NotFound, ProviderError
from providers.onedrive.auth import Tokens
from providers.onedrive.graph import Session
from providers.onedrive.look import Look
from providers.onedrive.options import options_of
from providers.text import printable
from providers.web.patience import USUAL, Patience

_LOW = 1 << 30  # bytes that are left


def diagnose(
    endpoint: str, path: str, access: Access, patience: Patience = USUAL
) -> Iterator[Finding]:
    """See `providers.registry.diagnose`. Ends after a step that makes the next ones impossible."""
    step = Step("site", endpoint)
    try:
        options = options_of(access.sites.options(endpoint))
        tokens = Tokens(endpoint, options, access)
    except ProviderError as error:
        yield step.failed(error)
        return
    yield step.fine(f"{tokens.service.graph}, {'as an app' if tokens.app_only else 'as a person'}")
    with closing(
        Session(endpoint, tokens.service.graph, options, access, tokens, patience=patience)
    ) as session:
        step = Step("sign-in", endpoint)
        try:
            with session.calls.call() as call:
                tokens.token(call)
        except ProviderError as error:
            yield step.failed(error)
            return
        yield step.fine("there is a token")
        yield from _drive(Look(session), endpoint, path)


def _drive(look: Look, endpoint: str, path: str) -> Iterator[Finding]:
    step = Step("drive", endpoint, "/")
    try:
        drive = look.anchors.drive("/")
    except ProviderError as error:
        yield step.failed(error)
        return
    yield step.fine(f"it is there ({printable(drive.kind) or 'of an unknown kind'})")
    step = Step("room")
    if drive.free is None:
        yield step.remark("the service does not say how much room is left")
    elif drive.free < _LOW:
        yield step.wrong(f"{drive.free:,} bytes are left", "Free some space there.")
    else:
        yield step.fine(f"{drive.free:,} bytes are left")
    yield from _folder(look, path or "/")


def _folder(look: Look, path: str) -> Iterator[Finding]:
    step = Step("address", path)
    try:
        entry = look.stat(path, follow=True)
        if entry.kind is not Kind.DIR:
            yield step.fine(f"it is there ({entry.kind})")
            return
        names = [entry.name for entry in next(look.pages(path), ())]
    except NotFound as error:
        yield step.failed(error, "Letter case does not count there.")
        return
    except ProviderError as error:
        yield step.failed(error)
        return
    yield step.fine(f"it is there, with {len(names)} names in its first page")
    odd = odd_names(names)
    if odd:
        yield Step("names").remark(odd)
