"""The way to a bucket, step by step: keys, name, TCP, TLS, the clock, the bucket, its list."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Generator, Iterator
from contextlib import closing

from providers.access import Access
from providers.base import Kind
from providers.diagnosis import Finding, Step, odd_names
from providers.errors import ProviderError
from providers.reachability import reach
from providers.records import dataclass
from providers.s3 import keys, look
from providers.s3.options import Options, options_of
from providers.s3.place import Where
from providers.s3.session import Session
from providers.s3.signing import Signer
from providers.text import printable
from providers.web import redirects, tls
from providers.web.calls import Calls
from providers.web.connection import Connection
from providers.web.exchange import Asked, carry_out
from providers.web.headers import http_date
from providers.web.message import Broken
from providers.web.patience import USUAL, Patience
from providers.web.proxies import Proxy, proxy_for
from providers.web.redirects import Url

_SKEW = 15 * 60.0  # seconds that a service lets a clock be off
_NOTABLE = 60.0


_USUAL_KEYS = (
    "These are the AWS keys of this computer, as AWS's tools would use them. The service sees the "
    "key's ID and what it signs, never the secret. A site may give other keys, or anonymous = yes."
)


@dataclass(frozen=True, slots=True)
class _Way:
    endpoint: str
    path: str
    url: Url  # where the bucket answers
    options: Options
    proxy: Proxy | None
    access: Access
    patience: Patience


def diagnose(
    endpoint: str, path: str, access: Access, patience: Patience = USUAL
) -> Iterator[Finding]:
    """See `providers.registry.diagnose`. Ends after a step that makes the next ones impossible."""
    step = Step("keys", endpoint)
    try:
        way, who = _way(endpoint, path, access, patience)
    except ProviderError as error:
        yield step.failed(error)
        return
    yield step.remark(who, _USUAL_KEYS) if _lends_keys(way.options) else step.fine(who)
    if way.proxy is not None:
        told = f"the way leads through the proxy {way.proxy.shown}"
        yield Step("proxy").remark(told, "A site may say proxy = “none”; NO_PROXY names hosts.")
    else:
        wire = yield from _wire(way)
        if wire is None:
            return
        with closing(wire):
            yield from _clock(wire, way)
    with closing(Session(endpoint, way.options, access, patience=patience)) as session:
        yield from _bucket(session, way.path)


def _way(endpoint: str, path: str, access: Access, patience: Patience) -> tuple[_Way, str]:
    options = options_of(access.sites.options(endpoint))
    path = keys.resolve(path)
    signer = Signer(endpoint, options, access)
    with Calls(endpoint).call() as call:
        known, region = signer.keys(call), signer.region(call)
        url = Where.of(options, keys.split(path)[0], region).url("", "")
        proxy = proxy_for(url, options, call, patience.resolve)
    who = "without keys" if known is None else f"with the access key {known.access}"
    told = f"{url.origin}, region {region}, {who}"
    return _Way(endpoint, path, url, options, proxy, access, patience), told


def _lends_keys(options: Options) -> bool:
    """Whether a service that is not Amazon is asked with keys that nobody named for it."""
    named = options.access_key_id or options.profile or options.anonymous
    return bool(options.endpoint_url) and not named


def _wire(way: _Way) -> Generator[Finding, None, socket.socket | None]:
    wire = yield from reach(way.url.host, way.url.port, "the service")
    if wire is None or way.url.scheme == "http":
        return wire
    step = Step("TLS", way.endpoint, way.url.origin)
    try:
        context = tls.context_of(way.endpoint, way.options, way.access)
        secured = tls.secure(wire, context, way.url.host, way.patience.connect)
    except ProviderError as error:
        wire.close()
        yield step.failed(error)
        return None
    except OSError as error:
        wire.close()
        known = tls.distrust(error, way.endpoint) if isinstance(error, ssl.SSLError) else None
        yield (
            step.failed(known)
            if known
            else step.wrong(
                "the encryption did not come about", "Check the port, and whether it is http there."
            )
        )
        return None
    try:
        yield step.fine(str(secured.version()))
    except GeneratorExit:
        secured.close()
        raise
    return secured


def _clock(wire: socket.socket, way: _Way) -> Iterator[Finding]:
    """What time it is over there: a signature holds for a quarter of an hour."""
    step = Step("clock", way.endpoint)
    connection = Connection(wire, way.patience, redirects.reach_by_name(way.url.host))
    headers = {"Host": way.url.authority, "User-Agent": "wharfie"}
    asked = Asked("HEAD", way.path, {}, None, None, expect_continue=False)
    try:
        head = carry_out(connection, way.url, asked, headers, way.patience).head
    except (OSError, Broken):
        yield step.wrong("no answer of a web server came", "Check the port, and http or https.")
        return
    there = http_date(head.headers.get("Date"))
    if there is None:
        yield step.remark("the service does not say what time it is there")
        return
    apart = abs(time.time() - there)
    if apart > _SKEW:
        yield step.wrong(
            f"this computer's clock and the service's are {apart / 60:.0f} minutes apart",
            "Set the clock and its time zone: signatures are refused.",
        )
    elif apart > _NOTABLE:
        yield step.remark(f"the clocks are {apart:.0f} seconds apart", "Set this computer's clock.")
    else:
        yield step.fine("this computer's clock is right")


def _bucket(session: Session, path: str) -> Iterator[Finding]:
    bucket, key = keys.split(path)
    step = Step("bucket" if bucket else "buckets", session.endpoint, path)
    try:
        if bucket:
            look.look(session, f"/{bucket}")
            yield step.fine(f"there is a bucket “{printable(bucket)}”")
        step = Step("list", session.endpoint, path)
        entry = look.look(session, path)
        if entry.kind is Kind.FILE:
            yield step.fine(f"“{printable(key)}” is an object of {entry.size} bytes")
            return
        first = next(iter(look.pages(session, path)), ())
    except ProviderError as error:
        yield step.failed(error)
        return
    what = "entries" if bucket else "buckets"
    told = f"the list begins with {len(first)} {what}" if first else f"the list has no {what}"
    odd = odd_names(entry.name for entry in first)
    yield step.remark(f"{told}; {odd}") if odd else step.fine(told)
