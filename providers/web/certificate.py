"""A server's certificate in words: for whom, by whom, until when."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from providers.records import dataclass
from providers.text import printable

_MOST_NAMES = 4


@dataclass(frozen=True, slots=True)
class Certificate:
    """`since` and `until` in Unix seconds."""

    names: tuple[str, ...]
    issuer: str
    since: float
    until: float

    def __str__(self) -> str:
        shown = ", ".join(self.names[:_MOST_NAMES]) or "nobody it names"
        more = f" and {len(self.names) - _MOST_NAMES} more" * (len(self.names) > _MOST_NAMES)
        days = f"{_day(self.since)} to {_day(self.until)}"
        return printable(f"for {shown}{more}, by {self.issuer or 'nobody it names'}, {days}")


def certificate_of(encoded: bytes | None) -> Certificate | None:
    """What a DER certificate says; None for one that cannot be read."""
    if encoded is None:
        return None
    try:
        found = x509.load_der_x509_certificate(encoded)
        return Certificate(
            _names(found),
            _issuer(found),
            found.not_valid_before_utc.timestamp(),
            found.not_valid_after_utc.timestamp(),
        )
    except (ValueError, TypeError):
        return None


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        others = found.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except x509.ExtensionNotFound:
        return tuple(
            str(one.value) for one in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        )
    assert isinstance(others, x509.SubjectAlternativeName)
    return tuple(str(getattr(other, "value", "")) for other in others)


def _issuer(found: x509.Certificate) -> str:
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for one in found.issuer.get_attributes_for_oid(kind):
            return str(one.value)
    return ""


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def shown_certificate(peer: tuple[str, int], host: str, seconds: float) -> Certificate | None:
    """The certificate that is shown at `peer`, trusted or not, to say what is wrong with it.

    Nothing is asked or sent over this connection.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection(peer[:2], seconds) as wire,
            context.wrap_socket(wire, server_hostname=host) as secured,
        ):
            return certificate_of(secured.getpeercert(binary_form=True))
    except (OSError, ValueError):
        return None
