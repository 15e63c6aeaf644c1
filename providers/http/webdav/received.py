"""What a server says it received, held against what was sent to it.

Nextcloud digests an upload as it comes in, and tells the digest in its answer, when it is asked to
(`X-Hash`, Nextcloud's developer manual, client APIs, WebDAV). Other servers pass that over.

`OC-Checksum` is not sent: it has to be known before the first byte goes, and a file is read once.
Nor would it help. Nextcloud stores it unchecked and repeats it as if it were its own (the same
manual), so that our word would come back as the server's and look like a proof; ownCloud checks
it, against digests that it makes anyway and tells whoever asks (`oc:checksums`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from providers.base import Body, Buffer
from providers.errors import ConnectionLost

_ADDRESS = "/remote.php/"


class Sent:
    """A body that tells how many bytes were taken of it, and digests them where that is of use."""

    def __init__(self, body: Body, path: str) -> None:
        """`path`: where it goes."""
        self.count = 0
        self._body = body
        self._sha256 = hashlib.sha256() if _ADDRESS in path else None

    def __iter__(self) -> Iterator[Buffer]:
        for chunk in self._body:
            self.count += memoryview(chunk).nbytes
            if self._sha256 is not None:
                self._sha256.update(chunk)
            yield chunk

    @property
    def headers(self) -> Mapping[str, str]:
        """What to send with it."""
        return {} if self._sha256 is None else {"X-Hash": "sha256"}

    def need_received(self, headers: Mapping[str, str], path: str) -> None:
        """Raise ConnectionLost when the answer tells that other bytes came than these."""
        said = headers.get("X-Hash-SHA256", "").strip().lower()
        if said and self._sha256 is not None and said != self._sha256.hexdigest():
            raise ConnectionLost(
                path,
                "the server received other bytes than were sent",
                advice="They are sent again; look at what stands between, such as a proxy.",
            )
