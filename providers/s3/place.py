"""Where a service answers for a bucket. Pure."""

from __future__ import annotations

import re

from providers.errors import InvalidName
from providers.records import dataclass
from providers.s3 import keys
from providers.s3.options import Options
from providers.web.redirects import Url, url_of

_IN_A_HOST = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")  # a dot would not fit the certificate
_CHINA = "cn-"


@dataclass(frozen=True, slots=True)
class Where:
    """`base`: what stands before a key in its address."""

    root: Url
    base: str

    @classmethod
    def of(cls, options: Options, bucket: str, region: str) -> Where:
        """Raises InvalidName for an address that is none."""
        address = options.endpoint_url or _amazon(region)
        try:
            root = url_of(address)
            before = root.path.rstrip("/")
            by_host = bucket and not options.path_style and _IN_A_HOST.fullmatch(bucket)
            if not by_host:
                return cls(root, f"{before}/{keys.quoted(bucket)}" if bucket else before)
            scheme, _, rest = address.partition("://")
            return cls(url_of(f"{scheme}://{bucket}.{rest}"), before)
        except ValueError as error:
            raise InvalidName(
                "endpoint_url", f"this address is not valid: {error}", advice="Correct it."
            ) from error

    def url(self, key: str, query: str) -> Url:
        """The address of `key`; `query` is percent-encoded."""
        target = f"{self.base}/{keys.quoted(key)}"
        if self.base and not key:
            target = self.base
        return self.root.at(f"{target}?{query}" if query else target)


def _amazon(region: str) -> str:
    return f"https://s3.{region}.amazonaws.com{'.cn' if region.startswith(_CHINA) else ''}"
