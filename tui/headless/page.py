"""Signing in on a page of a service, without a screen: the page and the code are told on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from providers.access import Access
from providers.errors import Unsupported
from providers.person_sign_in import PersonSignIn, SignedIn
from providers.registry import sign_in
from providers.text import printable
from tui import format as fmt


def signed_in(endpoint: str, access: Access, *, browser: bool = False) -> SignedIn:
    """Who signed in at `endpoint`. Waits for them; Ctrl-C ends it. Raises ProviderError."""
    attempt = sign_in(endpoint, access)
    if attempt is None:
        raise Unsupported(endpoint, "nobody signs in there on a page", advice="")
    with _cancelled_at_the_end(attempt):
        if browser:
            _say("Sign in on the page that opens in your browser.")
            return attempt.in_browser()
        code = attempt.begin()
        good_for = fmt.duration(code.seconds)
        _say(
            f"Open {printable(code.url)}, on any device, and type this code (good for {good_for}):"
        )
        _say(f"  {printable(code.code)}")
        return attempt.wait()


@contextmanager
def _cancelled_at_the_end(attempt: PersonSignIn) -> Iterator[None]:
    try:
        yield
    finally:
        attempt.cancel()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
