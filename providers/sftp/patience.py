"""How long each step with a server may take (faults.md 3, B4): all deadlines in one place."""

from __future__ import annotations

from providers.records import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. Tests give their own; a person's are these."""

    resolve: float = 15.0  # a name to its addresses
    connect: float = 15.0  # TCP, for each address
    greeting: float = 15.0  # the server's first line
    key_exchange: float = 15.0
    sign_in: float = 30.0  # each attempt, and each answer of the SSH agent
    channel: float = 15.0  # opening one, and again for starting SFTP or a command on it
    answer: float = 30.0  # without a byte taken or given: each SFTP request, and a rekeying
    sync: float = 600.0  # fsync: a slow disk may need that long for a large file
    shell: float = 20.0  # the digesting command's start, and each digest besides its bytes


USUAL = Patience()
