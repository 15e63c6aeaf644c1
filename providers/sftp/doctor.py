"""The way to an SFTP server, step by step, from its name to the first folder listed."""

from __future__ import annotations

import re
import shlex
import socket
import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress

import paramiko

from providers.access import Access
from providers.diagnosis import Finding, Step
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    HostKeyChanged,
    ProviderError,
)
from providers.reachability import reach
from providers.sftp import host_keys, known_hosts
from providers.sftp.channels import start_session
from providers.sftp.checkup import look_around
from providers.sftp.connect import closed_on_error, shut
from providers.sftp.known_hosts import Standing
from providers.sftp.openssh.doctor import walk
from providers.sftp.patience import USUAL, Patience
from providers.sftp.route import arrive, describe
from providers.sftp.sign_in import methods, sign_in_by
from providers.sftp.target import Target, configured, target
from providers.sftp.transport import by_openssh
from providers.sftp.wire import Wire
from providers.text import from_bytes, printable

_GREETING = re.compile(rb"SSH-(\d+\.\d+)-([^\r\n]*)")
_MOST_GREETING = 8192  # bytes; RFC 4253 section 4.2 lets lines come before the server's version
_MOST_LINES = 5
_SHOWN = 100  # characters of what is no greeting


def diagnose(
    endpoint: str, path: str, access: Access, patience: Patience = USUAL
) -> Iterator[Finding]:
    """See `providers.registry.diagnose`. Ends after a step that makes the next ones impossible."""
    step = Step("address", endpoint)
    try:
        to = configured(target(endpoint), access)
        openssh = by_openssh(endpoint, access)
    except ProviderError as error:
        yield step.failed(error)
        return
    yield step.fine(f"{to.user} at {to.host}, port {to.port}, by SFTP")
    if openssh:
        yield from walk(target(endpoint), path, access, patience)
        return
    yield from _configuration(to, access)
    if not describe(to):  # else the servers on the way are reached with the next step
        dialled = yield from reach(to.host, to.port, "an SSH server")
        greeted = dialled is not None and (yield from _greeting(dialled, patience))
        if not greeted:
            return
    wire = Wire(endpoint, patience)
    transport = yield from _host_key(to, access, wire)
    if transport is None:
        return
    try:
        yield from _signed_in(transport, to, path, access, wire)
    finally:
        shut(transport)


def _configuration(to: Target, access: Access) -> Iterator[Finding]:
    """What the person's ~/.ssh/config and lists of known hosts do, where that is worth a word."""
    if way := describe(to):
        yield Step("way").fine(f"{way}, to {to.host} port {to.port}")
    if to.options.notes:
        yield Step("configuration").remark("; ".join(map(printable, to.options.notes)))
    for path in host_keys.files(to, access):
        numbers = known_hosts.garbled(path)
        if numbers:
            shown = ", ".join(map(str, numbers[:_MOST_LINES]))
            yield Step("known hosts", str(path)).remark(
                f"not understood and passed over: line {shown} of {path}"
            )


def _greeting(dialled: socket.socket, patience: Patience) -> Generator[Finding, None, bool]:
    """Whether an SSH server speaks there."""
    step = Step("greeting")
    with closing(dialled):
        said = _first_words(dialled, patience.greeting)
    match = _GREETING.search(said)
    if match is not None and match[1] in (b"2.0", b"1.99"):
        yield step.fine(f"an SSH server answers: {from_bytes(match[2])}")
        return True
    if match is not None:
        yield step.wrong(
            f"the server speaks only SSH {from_bytes(match[1])}", "Its SSH server must be updated."
        )
    elif said:
        yield step.wrong(
            f"what answers is not an SSH server; it says “{from_bytes(said[:_SHOWN]).strip()}”",
            "Check the port: SSH is usually 22.",
        )
    else:
        yield step.wrong(
            "it takes the connection, but does not greet as an SSH server does",
            "Check the port. The server may also be overloaded, or block this computer for a "
            "while after failed sign-ins (fail2ban, PerSourcePenalties): wait some minutes.",
        )
    return False


def _first_words(dialled: socket.socket, seconds: float) -> bytes:
    """What comes, up to the end of the line with the version; b"" when nothing does."""
    said = b""
    until = time.monotonic() + seconds
    with suppress(OSError):
        while len(said) < _MOST_GREETING and (left := until - time.monotonic()) > 0:
            dialled.settimeout(left)
            chunk = dialled.recv(_MOST_GREETING)
            said += chunk
            match = _GREETING.search(said)
            if not chunk or (match is not None and match.end() < len(said)):
                break
    return said


def _host_key(
    to: Target, access: Access, wire: Wire
) -> Generator[Finding, None, paramiko.Transport | None]:
    step = Step("host key", to.endpoint)
    try:
        transport = arrive(to, access, wire)
    except HostKeyChanged as error:
        name = shlex.quote(known_hosts.host_name(*to.known_as))
        file = shlex.quote(str(host_keys.files(to, access)[0]))
        again = f"To remove it: ssh-keygen -R {name} -f {file}"
        finding = step.failed(error)
        yield step.wrong(finding.what, f"{finding.advice} {again}")
        return None
    except ProviderError as error:
        yield step.failed(error)
        return None
    with closed_on_error(transport):
        yield _known(step, transport, to, access)
    return transport


def _known(step: Step, transport: paramiko.Transport, to: Target, access: Access) -> Finding:
    key = transport.get_remote_server_key()
    blob = key.asbytes()
    verdict = known_hosts.judge(host_keys.known(to, access), *to.known_as, blob)
    known = f"is known (line {verdict.number} of {verdict.path})"
    if verdict.standing is not Standing.KNOWN:
        certified = host_keys.certificate_doubt(key, host_keys.known(to, access), to) == ""
        known = "is certified" if certified else "was accepted for this run"
    cipher = transport.remote_cipher  # type: ignore[attr-defined]  # untold by the stubs
    shown = f"{key.get_name()} {known_hosts.fingerprint(blob)}"
    told = f"{shown} {known}; encrypted with {cipher}"
    if transport.agreed_on_strict_kex:  # type: ignore[attr-defined]  # untold by the stubs
        return step.fine(told)
    return step.remark(
        f"{told}; the server has no strict key exchange (CVE-2023-48795)",
        "With this encryption nothing follows from that, but its SSH server is old: update it.",
    )


def _signed_in(
    transport: paramiko.Transport, to: Target, path: str, access: Access, wire: Wire
) -> Iterator[Finding]:
    entered = yield from _sign_in(transport, to, access, wire)
    if not entered:
        return
    step = Step("SFTP", to.endpoint)
    try:
        session = start_session(transport, to, wire)
    except ProviderError as error:
        yield step.failed(error)
        return
    with closing(session):
        yield step.fine("the server started SFTP")
        yield from look_around(session, transport, path, wire)


def _sign_in(
    transport: paramiko.Transport, to: Target, access: Access, wire: Wire
) -> Generator[Finding, None, bool]:
    step = Step("sign-in", to.endpoint)
    takes = "nothing was asked yet"
    try:
        allowed = methods(transport, to, wire)
        if allowed is None:
            yield step.remark(
                f"the server lets {to.user} in without any proof", "Anyone could sign in there."
            )
            return True
        takes = f"the server takes {', '.join(sorted(allowed)) or 'nothing'}"
        sign_in_by(allowed, transport, to, access, wire)
    except AuthRequired as error:
        told = step.failed(error)
        yield Finding(told.step, False, f"{told.what}; {takes}", told.advice, told.seconds, error)
        return False
    except ConnectionLost as error:
        yield step.failed(error)
        return False
    yield step.fine(f"{to.user} signed in by {_method(transport)}; {takes}")
    return True


def _method(transport: paramiko.Transport) -> str:
    handler = transport.auth_handler
    return "" if handler is None else handler.auth_method.replace("_", "-")
