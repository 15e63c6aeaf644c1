"""How a server is reached and trusted: the part of a site's options that the wire needs."""

from __future__ import annotations

from pathlib import Path

from providers.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`proxy` is "environment" (HTTPS_PROXY and its kin), "none" or an address."""

    client_cert: Path | None = None  # PEM: certificate and key
    ca_bundle: Path | None = None  # PEM: trusted instead of the usual ones
    proxy: str = "environment"
