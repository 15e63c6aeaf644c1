"""Which algorithms are agreed to: ours, or what a person's ~/.ssh/config makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import paramiko

from providers.errors import Unsupported
from providers.sftp.options import Options

_CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
_MACS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
    "hmac-sha1",
)
_KEY_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
_ALSO = {"curve25519-sha256": "curve25519-sha256@libssh.org"}  # one algorithm, two names


_CERTIFICATES = (
    "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
)


def prefer(
    transport: paramiko.Transport, known: Sequence[str], said: Options, *, certified: bool
) -> None:
    """AES-GCM first (half the work of the others); nothing with CBC, 3DES or MD5 unless a person
    asks for it by name.

    Key types the host is known by (`known`) come first, so that its known key is the one it shows.
    `certified`: an authority is trusted with it, so that a certificate is best.
    Raises Unsupported when nothing is left that we know.
    """
    options = transport.get_security_options()
    options.ciphers = _chosen("Ciphers", said.ciphers, _CIPHERS, options.ciphers)
    options.digests = _chosen("MACs", said.macs, _MACS, options.digests)
    options.kex = _chosen("KexAlgorithms", said.exchanges, options.kex, options.kex)
    usual = (*(_CERTIFICATES if certified else ()), *options.key_types)
    can = (*_CERTIFICATES, *options.key_types)
    keys = _chosen("HostKeyAlgorithms", said.host_keys, usual, can)
    if said.host_keys and said.host_keys[0] not in "+-^":
        options.key_types = keys
        return
    first = list(_CERTIFICATES) if certified else []
    first += [name for key_type in known for name in _KEY_ALGORITHMS.get(key_type, (key_type,))]
    order = {name: first.index(name) for name in keys if name in first}
    options.key_types = tuple(sorted(keys, key=lambda n: order.get(n, len(first))))


def _chosen(keyword: str, said: str, usual: Sequence[str], can: Sequence[str]) -> tuple[str, ...]:
    """The list that `said` makes of `usual`, of those we `can`: ssh_config(5), Ciphers."""
    if not said:
        return tuple(usual)
    sign, names = (said[0], said[1:]) if said[0] in "+-^" else ("", said)
    named = tuple(
        dict.fromkeys(
            each
            for pattern in names.split(",")
            for each in can
            if fnmatchcase(each, _ALSO.get(pattern, pattern))
        )
    )
    made = {
        "": named,
        "+": tuple(dict.fromkeys((*usual, *named))),
        "^": tuple(dict.fromkeys((*named, *usual))),
        "-": tuple(each for each in usual if each not in named),
    }[sign]
    if not made:
        raise Unsupported(
            keyword,
            f"~/.ssh/config allows only {keyword} that Wharfie does not know",
            advice=f"It knows {', '.join(can)}.",
        )
    return made
