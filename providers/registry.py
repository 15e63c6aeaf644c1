"""From an endpoint's scheme to its provider. An SDK is imported when it is first used."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Protocol, cast, runtime_checkable

from providers.access import Access
from providers.base import Provider
from providers.errors import Unsupported
from providers.text import printable

_MODULES = {
    "file": "providers.local",
    "memory": "providers.memory",
    "sftp": "providers.sftp.provider",
}


class _Opens(Protocol):
    def open_endpoint(self, endpoint: str, access: Access) -> Provider: ...


@runtime_checkable
class _Remembers(Protocol):
    def remember(self, access: Access, endpoint: str, line: str) -> None: ...


def open_provider(endpoint: str, access: Access) -> Provider:
    """The provider for `endpoint` ("sftp://ann@host:22"). Connecting may wait until first use.

    Raises Unsupported for a scheme nobody here speaks.
    """
    return cast(_Opens, _module(endpoint)).open_endpoint(endpoint, access)


def remember_host_key(access: Access, endpoint: str, line: str) -> None:
    """Accept the host key of a HostKeyUnknown (its `line`) from now on. Raises ProviderError."""
    module = _module(endpoint)
    if not isinstance(module, _Remembers):
        raise Unsupported(endpoint, "this kind of place has no host keys")
    module.remember(access, endpoint, line)


def _module(endpoint: str) -> ModuleType:
    scheme = endpoint.partition(":")[0]
    if scheme not in _MODULES:
        known = ", ".join(sorted(_MODULES))
        what = f"“{printable(scheme)}” is not a kind of place this Wharfie knows ({known})"
        raise Unsupported(endpoint, what)
    return import_module(_MODULES[scheme])
