"""How long each step with a web server may take, and how much of it (faults.md B4, B5, C10)."""

from __future__ import annotations

from providers.records import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds, and bytes. Tests give their own; a person's are these."""

    resolve: float = 15.0  # a name to its addresses
    connect: float = 15.0  # TCP, for each address; TLS, and the proxy's answer, again
    silence: float = 30.0  # without a byte taken or given
    slow: float = 60.0  # below `rate` on average, for what is no file
    rate: float = 1024.0  # bytes a second
    headers: float = 60.0  # all of an answer's headers, once their first byte came
    go_ahead: float = 1.0  # for "100 Continue", which many servers never send (RFC 9110, 10.1.1)
    answer: float = 300.0  # for the first byte of the answer after a body: it may be stored first
    storing: float = 900.0  # for all of an answer that lasts as long as what it is about
    header_bytes: int = 256 << 10  # of one answer


USUAL = Patience()
