"""From an endpoint's scheme to its provider. An SDK is imported when it is first used."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from providers.base import Place, Provider
from providers.diagnosis import Finding, Step
from providers.errors import ProviderError, Unsupported
from providers.text import printable

if TYPE_CHECKING:
    from providers.access import Access
    from providers.person_sign_in import PersonSignIn
    from providers.sites import SiteKind

_MODULES = {
    "file": "providers.local",
    "memory": "providers.memory",
    "sftp": "providers.sftp.provider",
    "s3": "providers.s3.provider",
    "onedrive": "providers.onedrive.provider",
    **dict.fromkeys(("http", "https"), "providers.http.provider"),
    **dict.fromkeys(("dav", "davs"), "providers.http.webdav.provider"),
}
_DOCTORS = {
    "file": "providers.local.doctor",
    "sftp": "providers.sftp.doctor",
    "s3": "providers.s3.doctor",
    "onedrive": "providers.onedrive.doctor",
    **dict.fromkeys(("http", "https", "dav", "davs"), "providers.http.doctor"),
}
_KINDS = {  # of saved sites; each module offers one or several as KINDS
    "sftp": "providers.sftp.site",
    "http": "providers.http.site",
    "s3": "providers.s3.site",
    "onedrive": "providers.onedrive.site",
}
_SIGN_INS = {"onedrive": "providers.onedrive.sign_in"}  # where persons do, on a page of the service


class _Opens(Protocol):
    def open_endpoint(self, endpoint: str, access: Access) -> Provider: ...


class _Diagnoses(Protocol):
    def diagnose(self, endpoint: str, path: str, access: Access) -> Iterator[Finding]: ...


class _Saves(Protocol):
    KINDS: tuple[SiteKind, ...]


@runtime_checkable
class _Remembers(Protocol):
    def remember(self, access: Access, endpoint: str, line: str) -> None: ...


class _SignsIn(Protocol):
    def sign_in(self, endpoint: str, access: Access) -> PersonSignIn | None: ...

    def forget(self, endpoint: str, access: Access) -> None: ...


def open_provider(endpoint: str, access: Access) -> Provider:
    """The provider for `endpoint` ("sftp://ann@host:22"). Connecting may wait until first use.

    Raises Unsupported for a scheme nobody here speaks.
    """
    return cast(_Opens, _module(endpoint)).open_endpoint(endpoint, access)


def schemes() -> Collection[str]:
    """Every scheme that an endpoint may have."""
    return _MODULES.keys()


@cache
def kinds() -> Mapping[str, SiteKind]:
    """The kinds of sites that can be saved, by `SiteKind.kind`."""
    offered = [cast(_Saves, import_module(module)).KINDS for module in _KINDS.values()]
    return MappingProxyType({each.kind: each for some in offered for each in some})


def remember_host_key(access: Access, endpoint: str, line: str) -> None:
    """Accept the host key of a HostKeyUnknown (its `line`) from now on. Raises ProviderError."""
    module = _module(endpoint)
    if not isinstance(module, _Remembers):
        raise Unsupported(endpoint, "this kind of place has no host keys")
    module.remember(access, endpoint, line)


def sign_in(endpoint: str, access: Access) -> PersonSignIn | None:
    """An attempt to sign in to `endpoint` on a page of its service; None where secrets open it.

    Raises ProviderError where its site cannot be used.
    """
    module = _SIGN_INS.get(endpoint.partition(":")[0])
    if module is None:
        return None
    return cast(_SignsIn, import_module(module)).sign_in(endpoint, access)


def forget_sign_in(endpoint: str, access: Access) -> None:
    """Drop what was kept of such a sign-in, also of a site that is gone. Raises ProviderError."""
    module = _SIGN_INS.get(endpoint.partition(":")[0])
    if module is not None:
        cast(_SignsIn, import_module(module)).forget(endpoint, access)


def diagnose(place: Place, access: Access) -> Iterator[Finding]:
    """Walk the way to `place` step by step and say what is found, up to a step that ends the walk.

    Writes nothing there and never raises: what goes wrong is a finding.
    """
    scheme = place.endpoint.partition(":")[0]
    if scheme not in _DOCTORS:
        yield Step("kind").wrong(
            f"“{scheme}” is not a kind of place that can be looked at",
            f"These can: {', '.join(sorted(_DOCTORS))}.",
        )
        return
    step = Step("walk", place.endpoint, place.path)
    doctor = cast(_Diagnoses, import_module(_DOCTORS[scheme]))
    try:
        yield from doctor.diagnose(place.endpoint, place.path, access)
    except ProviderError as error:
        yield step.failed(error)


def _module(endpoint: str) -> ModuleType:
    scheme = endpoint.partition(":")[0]
    if scheme not in _MODULES:
        known = ", ".join(sorted(_MODULES))
        what = f"“{printable(scheme)}” is not a kind of place this Wharfie knows ({known})"
        raise Unsupported(endpoint, what)
    return import_module(_MODULES[scheme])
