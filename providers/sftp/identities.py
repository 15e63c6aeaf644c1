"""The keys of ~/.ssh/config: each by the agent where that holds it, else from its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import paramiko
from paramiko.pkey import PublicBlob

from providers.access import Access
from providers.records import dataclass
from providers.sftp import certificates, keys
from providers.sftp.target import Target

_UNUSABLE = (OSError, ValueError, paramiko.SSHException)


@dataclass(frozen=True, slots=True)
class LockedKey:
    """A private key that needs its passphrase. `rejected`: one was given, and is wrong."""

    path: Path
    rejected: bool


def identities(
    to: Target, access: Access, held: Sequence[paramiko.AgentKey]
) -> Iterator[paramiko.PKey | LockedKey]:
    """The keys that IdentityFile names, in its order; what is locked as such.

    A file that is not there, or is no key, is passed over as ssh does. `held`: the agent's keys.
    """
    for path in to.options.identities:
        key = in_agent(path, held) or from_file(path, to, access)
        if isinstance(key, paramiko.PKey):
            certify(key, to.options.certificates)
        if key is not None:
            yield key


def certify(key: paramiko.PKey, files: Sequence[Path]) -> None:
    """Have `key` shown with the one of these certificates (CertificateFile) that is for it."""
    for path in files:
        if certificates.key_in(path) == key.asbytes():
            key.public_blob = PublicBlob.from_file(str(path))
            return


def in_agent(path: Path, held: Sequence[paramiko.AgentKey]) -> paramiko.AgentKey | None:
    """The agent's key that `path`, or the public key beside it, is about."""
    for public in (path.with_name(f"{path.name}.pub"), path):
        try:
            blob = PublicBlob.from_file(str(public)).key_blob
        except _UNUSABLE:
            continue
        return next((key for key in held if key.blob == blob), None)
    return None


def from_file(path: Path, to: Target, access: Access) -> paramiko.PKey | LockedKey | None:
    """The key in a file; None when it is none we can use."""
    try:
        return keys.load(path, lambda: access.secrets.get(to.endpoint, "passphrase", str(path)))
    except keys.Locked as error:
        if error.rejected:
            access.secrets.forget(to.endpoint, "passphrase", str(path))
        return LockedKey(path, error.rejected)
    except keys.Unusable:
        return None
