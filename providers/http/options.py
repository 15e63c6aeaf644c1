"""What a site may say beside its address about how it is spoken to; nothing secret is in here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar, cast, get_args
from urllib.parse import urlsplit

from providers.errors import InvalidName
from providers.records import dataclass
from providers.text import printable
from providers.web.route import Route

Auth: TypeAlias = Literal["auto", "none", "basic", "digest", "bearer"]
Upload: TypeAlias = Literal["put", "post", "none"]
Pairs: TypeAlias = tuple[tuple[str, str], ...]
T = TypeVar("T")

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x20-\x7e\t]*")
_OURS = frozenset(
    {"host", "range", "if-range", "if-match", "if-none-match", "content-length", "content-range"}
    | {"transfer-encoding", "accept-encoding", "connection", "expect", "te", "trailer", "upgrade"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Route):
    """`auth` "auto": a token when there is one, else what the server asks for.

    `headers` go with every request to the site itself and to nobody else; "{token}" in one stands
    for the site's token, which is not kept here. `upload`, `form_field` and `form_extra` say how a
    file is sent to a server that is no WebDAV. `user` signs in when the address names nobody.
    """

    auth: Auth = "auto"
    headers: Pairs = ()
    netrc: bool = False
    upload: Upload = "put"
    form_field: str = "file"
    form_extra: Pairs = ()
    user: str = ""


def options_of(values: Mapping[str, str]) -> Options:
    """The options that a site's values give. Raises InvalidName naming the field."""

    def read(field: str, default: T, make: Callable[[str], T]) -> T:
        text = values.get(field, "").strip()
        if not text:
            return default
        try:
            return make(text)
        except ValueError as error:
            # What was written is not repeated: it may hold a password.
            raise InvalidName(
                field, f"this cannot be used: {error}", advice="Correct it in the site."
            ) from error

    usual = Options()
    return Options(
        auth=read("auth", usual.auth, lambda text: cast(Auth, _one_of(text, Auth))),
        headers=read("headers", (), _headers),
        client_cert=read("client_cert", None, _file),
        ca_bundle=read("ca_bundle", None, _file),
        proxy=read("proxy", usual.proxy, _proxy),
        netrc=read("netrc", usual.netrc, lambda text: _one_of(text, Literal["yes", "no"]) == "yes"),
        upload=read("upload", usual.upload, lambda text: cast(Upload, _one_of(text, Upload))),
        form_field=read("form_field", usual.form_field, _form_name),
        form_extra=read("form_extra", (), lambda text: _pairs(text, "=")),
        user=read("user", usual.user, str),
    )


def _one_of(text: str, choices: object) -> str:
    known: tuple[str, ...] = get_args(choices)
    if text.lower() not in known:
        raise ValueError(f"it must be one of {', '.join(known)}")
    return text.lower()


def _file(text: str) -> Path | None:
    return Path(text).expanduser()


def _proxy(text: str) -> str:
    if text in {"environment", "none"}:
        return text
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises ValueError for one that cannot be
    except ValueError:  # its text repeats what was written: a password with a slash in it
        raise ValueError("only “:” and a port number may follow its host") from None
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("it must be “environment”, “none” or an address like http://host:3128")
    if parts.password is not None:
        raise ValueError("a password in an address would be seen by others")
    return text


def _form_name(text: str) -> str:
    if not _VALUE.fullmatch(text) or '"' in text:
        raise ValueError("it must be plain text without quotes")
    return text


def _headers(text: str) -> Pairs:
    """ "Name: value" lines, or parts between ";" where one line must hold them all."""
    pairs = _pairs(text, ":")
    for name, value in pairs:
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"“{printable(name)}” is not a header")
        if name.lower() in _OURS:
            raise ValueError(f"“{name}” is for Wharfie to say")
    return pairs


def _pairs(text: str, between: str) -> Pairs:
    lines = [line.strip() for line in re.split(r"[\n;]", text) if line.strip()]
    pairs = []
    for line in lines:
        name, found, value = line.partition(between)
        if not found or not name.strip():
            raise ValueError(f"each must be “name{between} value”")
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)
