"""Whom we trust over TLS, and what it means when we do not (faults.md B10)."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import certifi

from providers.access import Access
from providers.errors import AuthRequired, Denied, InvalidName, ProviderError, Unsupported
from providers.text import printable
from providers.web.route import Route

_REASONS = {  # OpenSSL's X509_V_ERR numbers
    9: ("is not valid yet", "Check this computer's clock."),
    10: ("has expired", "Its owner must renew it; if it is new, check this computer's clock."),
    18: ("is self-signed, so anyone could have made it", "ca"),
    23: ("was revoked", "Do not connect; ask its owner."),
    **dict.fromkeys((2, 19, 20, 21), ("was signed by an authority that is not trusted here", "ca")),
    **dict.fromkeys((62, 63, 64), ("is for another host", "Check the name in the address.")),
}
_NAME_YOUR_CA = (
    "If the server is yours, give its CA certificate as the site's ca_bundle; else do not connect."
)
_NOT_OURS = "The site redirects there: connect to that address itself."
_WANTS_OURS = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE")


def context_of(endpoint: str, route: Route, access: Access) -> ssl.SSLContext:
    """What a site's certificate is held against: this computer's authorities and Mozilla's, or the
    site's own bundle; and the certificate that we show. Raises InvalidName, AuthRequired."""
    if route.ca_bundle is None:
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load("ca_bundle", route.ca_bundle, context.load_verify_locations)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if route.client_cert is not None:
        _show_own(context, endpoint, route.client_cert, access)
    return context


def _load(field: str, path: Path, load: Callable[[str], None]) -> None:
    try:
        load(str(path))
    except (OSError, ssl.SSLError) as error:
        raise InvalidName(
            str(path), f"this file cannot be used as the site's {field}: {error}", advice=""
        ) from error


def _show_own(context: ssl.SSLContext, endpoint: str, path: Path, access: Access) -> None:
    given = access.secrets.get(endpoint, "passphrase", str(path))
    asked = False

    def passphrase() -> str:
        nonlocal asked
        asked = True
        return given or ""

    try:
        _load("client_cert", path, lambda name: context.load_cert_chain(name, password=passphrase))
    except InvalidName as error:
        if not asked:
            raise
        if given is not None:
            access.secrets.forget(endpoint, "passphrase", str(path))
        raise AuthRequired(
            endpoint,
            "the client certificate's key is encrypted",
            needs="passphrase",
            subject=str(path),
            rejected=given is not None,
        ) from error


def secure(
    wire: socket.socket, context: ssl.SSLContext, host: str, seconds: float
) -> ssl.SSLSocket:
    """TLS over a connected socket, the whole greeting within `seconds`. Raises OSError.

    An end of the connection without the peer's word for it is an error, not an end (B10).
    """
    wire.settimeout(seconds)
    secured = context.wrap_socket(
        wire, server_hostname=host, suppress_ragged_eofs=False, do_handshake_on_connect=False
    )
    try:
        secured.do_handshake()
    except BaseException:
        secured.close()
        raise
    return secured


def distrust(error: ssl.SSLError, endpoint: str, *, own: bool = True) -> ProviderError | None:
    """What no other attempt will change, as the error it is; None: the connection was just lost.

    `own`: it is the site's own server, and the site's route may be changed for it.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        what, advice = _REASONS.get(
            error.verify_code, (f"cannot be trusted: {printable(error.verify_message)}", "ca")
        )
        return Denied(
            endpoint,
            f"the server's certificate {what}",
            advice=advice if advice != "ca" else _NAME_YOUR_CA if own else _NOT_OURS,
        )
    reason = error.reason or ""
    if reason.endswith(_WANTS_OURS):
        return Denied(
            endpoint,
            "the server wants a certificate of yours, or does not accept the one it got",
            advice="Give it as the site's client_cert." if own else _NOT_OURS,
        )
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"}:
        return Unsupported(
            endpoint, "what answers there does not speak TLS", advice="Try the address with http."
        )
    if "PROTOCOL" in reason or reason.startswith("NO_"):
        return Unsupported(
            endpoint, "the server only offers TLS that is too old to be safe", advice="Update it."
        )
    return None
