"""Whether the key a server shows is the one it is known by, in every list that counts for it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import paramiko

from providers.access import Access
from providers.errors import Denied, HostKeyChanged, HostKeyRevoked, HostKeyUnknown
from providers.sftp import certificates, known_hosts
from providers.sftp.known_hosts import Line, Standing, Verdict
from providers.sftp.target import Target, configured, target

_SYSTEM = Path("/etc/ssh/ssh_known_hosts")


class ShownKey(Protocol):
    """A host key as paramiko has it; with a certificate it has a `public_blob`, too."""

    def get_name(self) -> str: ...

    def asbytes(self) -> bytes: ...


def files(to: Target, access: Access) -> tuple[Path, ...]:
    """The lists that are read: UserKnownHostsFile, else the home's own; and the system's."""
    own = (access.known_hosts,) if to.options.known_hosts is None else to.options.known_hosts
    return own if access.ssh_config is None else (*own, _SYSTEM)


def known(to: Target, access: Access) -> list[Line]:
    """The usable lines of all of them. Raises Denied when one cannot be read."""
    return [line for path in files(to, access) for line in known_hosts.read(path)]


def check(transport: paramiko.Transport, lines: list[Line], to: Target, access: Access) -> None:
    """See `check_key`: of the server at the other end."""
    check_key(transport.get_remote_server_key(), lines, to, access)


def check_key(key: ShownKey, lines: list[Line], to: Target, access: Access) -> None:
    """Raise HostKeyRevoked, HostKeyChanged, HostKeyUnknown (or Denied, where the person's
    configuration refuses unknown ones) unless the server's key may be trusted.

    An unknown one is remembered where the person said so beforehand.
    """
    blob = key.asbytes()
    verdict = known_hosts.judge(lines, *to.known_as, blob)
    doubt = certificate_doubt(key, lines, to)
    if verdict.standing is Standing.KNOWN:
        return
    line = known_hosts.key_line(*to.known_as, key.get_name(), blob)
    shown = known_hosts.fingerprint(blob)
    where = f"line {verdict.number} of {verdict.path}"
    if verdict.standing is Standing.REVOKED:
        raise _revoked(f"its host key {shown} is", verdict, key, to)
    if doubt == "":
        return
    if verdict.standing is Standing.CHANGED:
        what = f"its host key has changed: it is now {shown}, not the one in {where}"
        raise HostKeyChanged(
            to.endpoint, what, key_type=key.get_name(), fingerprint=shown, line=line
        )
    _unknown(key, line, doubt, to, access)


def certificate_doubt(key: ShownKey, lines: list[Line], to: Target) -> str | None:
    """Why its certificate does not make `key` the host's; "" when it does, None without one.

    Raises HostKeyRevoked when whoever signed it is revoked.
    """
    shown = getattr(key, "public_blob", None)
    if shown is None:
        return None
    signer = certificates.authority(shown.key_blob)
    verdict = known_hosts.judge(lines, *to.known_as, signer or b"")
    if signer is not None and verdict.standing is Standing.REVOKED:
        what = f"its host key is certified by {known_hosts.fingerprint(signer)}, which is"
        raise _revoked(what, verdict, key, to)
    host, port = to.known_as
    return certificates.doubt(shown.key_blob, host, known_hosts.authorities(lines, host, port))


def _revoked(what: str, verdict: Verdict, key: ShownKey, to: Target) -> HostKeyRevoked:
    return HostKeyRevoked(
        to.endpoint,
        f"{what} marked as revoked in line {verdict.number} of {verdict.path}",
        key_type=key.get_name(),
        fingerprint=known_hosts.fingerprint(key.asbytes()),
    )


def _unknown(key: ShownKey, line: str, doubt: str | None, to: Target, access: Access) -> None:
    if (to.endpoint, line) in access.trusted:
        return
    shown = known_hosts.fingerprint(key.asbytes())
    _need_no_other(key, line, to, access)
    remark = "; ".join(filter(None, (_uncertified(doubt), _passed_over(to, access))))
    what = f"its host key {shown} ({key.get_name()}) is not known yet"
    what += f" ({remark})" if remark else ""
    if to.options.strict == "yes":
        raise Denied(
            to.endpoint,
            f"{what}, and StrictHostKeyChecking in ~/.ssh/config refuses unknown ones",
            advice=f"Add it to {files(to, access)[0]} once you have compared it.",
        )
    if access.accept_new or to.options.strict == "accept-new":
        if _lists(to, access):  # else UserKnownHostsFile is “none”: ssh does not ask, either
            remember(access, to.endpoint, line)
        return
    raise HostKeyUnknown(
        to.endpoint,
        what,
        key_type=key.get_name(),
        fingerprint=shown,
        line=line,
        remark=remark,
    )


def _need_no_other(key: ShownKey, line: str, to: Target, access: Access) -> None:
    """Raise HostKeyChanged where another key was accepted for this host earlier in this run."""
    name = line.partition(" ")[0]
    if any(other.partition(" ")[0] == name for other in access.trusted.of(to.endpoint)):
        shown = known_hosts.fingerprint(key.asbytes())
        raise HostKeyChanged(
            to.endpoint,
            f"its host key has changed: it is now {shown}, not the one that was accepted before",
            key_type=key.get_name(),
            fingerprint=shown,
            line=line,
            advice="Someone may be listening in. Ask the server's owner; only if the key was really"
            " replaced, end Wharfie and connect again.",
        )


def _uncertified(doubt: str | None) -> str:
    return f"its certificate does not count: {doubt}" if doubt else ""


def _passed_over(to: Target, access: Access) -> str:
    """What might have named it and cannot be read."""
    garbled = [
        f"line {number} of {path}"
        for path in files(to, access)
        for number in known_hosts.garbled(path)
    ]
    return f"not understood: {', '.join(garbled[:3])}" if garbled else ""


def remember(access: Access, endpoint: str, line: str) -> None:
    """Accept a host key for good: append `line` (of a HostKeyUnknown) to the list of `endpoint`.

    Its name is hashed where HashKnownHosts says so. Nothing else in the file changes. Raises
    Denied when it cannot be written.
    """
    to = configured(target(endpoint), access)
    lists = _lists(to, access)
    if not lists:
        raise Denied(
            endpoint,
            "UserKnownHostsFile is “none”: there is no list to remember it in",
            advice="Accept the key for once, or name a list in ~/.ssh/config.",
        )
    known_hosts.append(lists[0], endpoint, line, hash_name=to.options.hash_known_hosts)


def _lists(to: Target, access: Access) -> list[Path]:
    """The person's own."""
    return [path for path in files(to, access) if path != _SYSTEM]
