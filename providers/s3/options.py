"""What a site may say about a service that keeps buckets; nothing secret is in here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args
from urllib.parse import urlsplit

from providers.records import dataclass, field
from providers.s3.storing import Storing, storing_of
from providers.s3.storing import wrong as _wrong
from providers.web import redirects
from providers.web.redirects import Reach
from providers.web.route import Route

Checksums: TypeAlias = Literal["auto", "always", "never"]
Preset: TypeAlias = Literal["aws", "minio", "r2", "b2", "wasabi", "ceph", "other"]

_REGION = re.compile(r"[a-z0-9-]+")
_HOSTS = {  # where the address follows from the region
    "b2": "https://s3.{}.backblazeb2.com",
    "wasabi": "https://s3.{}.wasabisys.com",
}
_REGIONS = {"r2": "auto"}
_PATHS = frozenset({"minio", "r2", "ceph", "other"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Route):
    """`endpoint_url` "" is Amazon. `region` "" is what AWS's own configuration says.

    `path_style`: the bucket stands in the path, not in the host's name. `checksums`: sent with what
    is stored; "auto" is for Amazon only, since other services may refuse them (faults.md C13).
    """

    endpoint_url: str = ""
    region: str = ""
    path_style: bool = False
    profile: str = ""
    anonymous: bool = False
    access_key_id: str = ""
    checksums: Checksums = "auto"
    storing: Storing = field(default_factory=Storing)

    @property
    def sums(self) -> bool:
        return self.checksums == "always" or (self.checksums == "auto" and not self.endpoint_url)


def options_of(values: Mapping[str, str]) -> Options:
    """The options that a site's values give. Raises InvalidName naming the field."""
    given = {name: value.strip() for name, value in values.items()}
    preset = _one_of(given, "preset", get_args(Preset))
    region = given.get("region", "") or _REGIONS.get(preset, "")
    if region and not _REGION.fullmatch(region):
        raise _wrong("region", "a region is like eu-central-1")
    url = _url(given.get("endpoint_url", "") or _HOSTS.get(preset, "").format(region), preset)
    style = _one_of(given, "path_style", ("auto", "yes", "no"))
    by_path = preset in _PATHS or (preset == "aws" and url != "")
    ca_bundle = given.get("ca_bundle", "")
    storing = storing_of(values)
    if storing.by_customer and not _is_private(url):
        raise _wrong("encryption", "over plain http everybody on the way would see the key")
    return Options(
        endpoint_url=url,
        region=region,
        path_style=by_path if style == "auto" else style == "yes",
        profile=given.get("profile", ""),
        anonymous=_one_of(given, "anonymous", ("no", "yes")) == "yes",
        access_key_id=given.get("access_key_id", ""),
        checksums=cast(Checksums, _one_of(given, "checksums", get_args(Checksums))),
        ca_bundle=Path(ca_bundle).expanduser() if ca_bundle else None,
        proxy=given.get("proxy", "") or "environment",
        storing=storing,
    )


def _one_of(values: Mapping[str, str], field: str, choices: tuple[str, ...]) -> str:
    text = values.get(field, "") or choices[0]
    if text not in choices:
        raise _wrong(field, f"it must be one of {', '.join(choices)}")
    return text


def _url(text: str, preset: str) -> str:
    if not text:
        if preset == "aws":
            return ""
        raise _wrong("endpoint_url", f"a site of the kind “{preset}” needs its address")
    if ".." in text:
        raise _wrong("region", "the address of this service follows from its region")
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises ValueError for one that cannot be
    except ValueError:
        raise _wrong("endpoint_url", "only “:” and a port number may follow its host") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _wrong("endpoint_url", "it must be an address like https://host:9000")
    if parts.username is not None or parts.password is not None:
        raise _wrong("endpoint_url", "keys in an address would be seen by others")
    if parts.query or parts.fragment or "#" in text:
        raise _wrong("endpoint_url", "nothing may follow its path")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _is_private(url: str) -> bool:
    """Whether nobody but the service sees what is sent there, as far as the address tells: which
    way it goes is looked at before a key is sent (`session.py`)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or host == "localhost":
        return True
    return not host.endswith(".localhost") and redirects.reach_by_name(host) is Reach.LOOPBACK
