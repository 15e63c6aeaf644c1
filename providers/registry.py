"""From an endpoint's scheme to its provider. An SDK is imported when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from providers.access import Access
from providers.base import Provider
from providers.errors import Unsupported

_MODULES = {
    "file": "providers.local",
    "memory": "providers.memory",
    "sftp": "providers.sftp.provider",
}


class _Module(Protocol):
    def open_endpoint(self, endpoint: str, access: Access) -> Provider: ...


def open_provider(endpoint: str, access: Access) -> Provider:
    """The provider for `endpoint` ("sftp://ann@host:22"). Connecting may wait until first use."""
    scheme = endpoint.partition(":")[0]
    module = _MODULES.get(scheme)
    if module is None:
        known = ", ".join(sorted(_MODULES))
        raise Unsupported(
            endpoint, f"“{scheme}” is not a kind of place this Wharfie knows ({known})"
        )
    return cast(_Module, import_module(module)).open_endpoint(endpoint, access)
