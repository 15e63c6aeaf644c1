"""Whether the key a server shows is the one it is known by, in every list that counts for it."""

from __future__ import annotations

from pathlib import Path

import paramiko

from providers.access import Access
from providers.errors import Denied, HostKeyChanged, HostKeyRevoked, HostKeyUnknown
from providers.sftp import known_hosts
from providers.sftp.known_hosts import Line, Standing
from providers.sftp.target import Target, configured, target

_SYSTEM = Path("/etc/ssh/ssh_known_hosts")


def files(to: Target, access: Access) -> tuple[Path, ...]:
    """The lists that are read: UserKnownHostsFile, else the home's own; and the system's."""
    own = (access.known_hosts,) if to.options.known_hosts is None else to.options.known_hosts
    return own if access.ssh_config is None else (*own, _SYSTEM)


def known(to: Target, access: Access) -> list[Line]:
    """The usable lines of all of them. Raises Denied when one cannot be read."""
    return [line for path in files(to, access) for line in known_hosts.read(path)]


def check(transport: paramiko.Transport, lines: list[Line], to: Target, access: Access) -> None:
    """Raise HostKeyRevoked, HostKeyChanged, HostKeyUnknown (or Denied, where the person's
    configuration refuses unknown ones) unless the server's key may be trusted.

    An unknown one is remembered where the person said so beforehand.
    """
    key = transport.get_remote_server_key()
    blob = key.asbytes()
    verdict = known_hosts.judge(lines, *to.known_as, blob)
    if verdict.standing is Standing.KNOWN:
        return
    line = known_hosts.key_line(*to.known_as, key.get_name(), blob)
    shown = known_hosts.fingerprint(blob)
    where = f"line {verdict.number} of {verdict.path}"
    if verdict.standing is Standing.REVOKED:
        what = f"its host key {shown} is marked as revoked in {where}"
        raise HostKeyRevoked(to.endpoint, what, key_type=key.get_name(), fingerprint=shown)
    if verdict.standing is Standing.CHANGED:
        what = f"its host key has changed: it is now {shown}, not the one in {where}"
        raise HostKeyChanged(
            to.endpoint, what, key_type=key.get_name(), fingerprint=shown, line=line
        )
    _unknown(key, line, to, access)


def _unknown(key: paramiko.PKey, line: str, to: Target, access: Access) -> None:
    if (to.endpoint, line) in access.trusted:
        return
    shown = known_hosts.fingerprint(key.asbytes())
    what = f"its host key {shown} ({key.get_name()}) is not known yet"
    if to.options.strict == "yes":
        raise Denied(
            to.endpoint,
            f"{what}, and StrictHostKeyChecking in ~/.ssh/config refuses unknown ones",
            advice=f"Add it to {files(to, access)[0]} once you have compared it.",
        )
    if access.accept_new or to.options.strict == "accept-new":
        remember(access, to.endpoint, line)
        return
    raise HostKeyUnknown(
        to.endpoint,
        what + _passed_over(to, access),
        key_type=key.get_name(),
        fingerprint=shown,
        line=line,
    )


def _passed_over(to: Target, access: Access) -> str:
    """What might have named it and cannot be read, as the end of a sentence."""
    garbled = [
        f"line {number} of {path}"
        for path in files(to, access)
        for number in known_hosts.garbled(path)
    ]
    return f" (not understood: {', '.join(garbled[:3])})" if garbled else ""


def remember(access: Access, endpoint: str, line: str) -> None:
    """Accept a host key for good: append `line` (of a HostKeyUnknown) to the list of `endpoint`.

    Its name is hashed where HashKnownHosts says so. Nothing else in the file changes. Raises
    Denied when it cannot be written.
    """
    to = configured(target(endpoint), access)
    lists = [path for path in files(to, access) if path != _SYSTEM]
    if not lists:
        raise Denied(endpoint, "UserKnownHostsFile is “none”: there is no list to remember it in")
    if to.options.hash_known_hosts:
        line = known_hosts.hashed(line)
    known_hosts.append(lists[0], endpoint, line)
