"""Values that mean the same in every kind of site: files of this computer, and headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from providers.errors import InvalidName
from providers.text import printable

FILES = frozenset({"key", "client_cert", "ca_bundle"})
HEADERS = "headers"
TOKEN = "{token}"
"""In a header: the site's token, which is kept among the secrets."""

_LOCKED = ("key", "client_cert")  # those that a passphrase may open
_SECRET = re.compile(
    r"(proxy-)?authorization|cookie|(.*[-_])?(api)?(key|token|secret|password)", re.IGNORECASE
)


def with_whole_paths(values: Mapping[str, str], folder: Path) -> dict[str, str]:
    """`values` with files found from every folder; those that are relative are below `folder`.

    The queue runs in a folder of its own. What begins with "~" is found from everywhere.
    """
    return {
        name: str(folder / value) if name in FILES and not value.startswith("~") else value
        for name, value in values.items()
    }


def locked_files(values: Mapping[str, str]) -> Iterator[str]:
    """The files that a passphrase may open, as the subject of that secret names them."""
    for name in _LOCKED:
        if value := values.get(name, "").strip():
            yield str(Path(value).expanduser())


def check_headers(text: str) -> None:
    """Raise InvalidName for a header that holds a secret, which no file of sites is for.

    Each is on a line of its own, or between ";". What it holds is not repeated.
    """
    for line in re.split(r"[\n;]", text):
        name, _, value = line.partition(":")
        if _SECRET.fullmatch(name.strip()) and value.strip() and TOKEN not in value:
            raise InvalidName(
                HEADERS,
                f"“{printable(name.strip())}” is a secret, and those are never kept in this file",
                advice=f"Write {TOKEN} where the secret is, and keep that with "
                "“wharfie login SITE --secret token”.",
            )
