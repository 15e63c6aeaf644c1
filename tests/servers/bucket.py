"""A public bucket as S3 shows it to who has no key: ListObjects and ListObjectsV2. An emulator.

with ScriptedHttp(Bucket({"sub/x": b"…"})) as server:
    … server.base + "/sub" …
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlsplit
from xml.sax.saxutils import escape

from providers.text import from_bytes, to_bytes
from tests.servers.scripted_http import LONG_AGO, Ask, Wire, answer

SPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
XML = {"Content-Type": "application/xml", "x-amz-request-id": "1"}


class Bucket:
    """`name`: "" for a bucket of its own server, else its folder there. `most`: keys in a part.

    `asks`: whether ListObjectsV2 is known, or one page is all there is. `token` makes what leads
    to the part behind a key.
    """

    def __init__(
        self,
        objects: Mapping[str, bytes],
        *,
        name: str = "",
        most: int = 1000,
        asks: bool = True,
        listed: bool = True,
        token: Callable[[str], str] = lambda key: key,
    ) -> None:
        self.objects = dict(objects)
        self.root = f"/{name}/" if name else "/"
        self.most, self.asks, self.listed, self.token = most, asks, listed, token
        self.declaration = '<?xml version="1.0" encoding="UTF-8"?>'

    def __call__(self, ask: Ask, wire: Wire) -> None:
        wire.say(self.answer(ask))

    def answer(self, ask: Ask) -> bytes:
        url = urlsplit(ask.target)
        path = from_bytes(unquote_to_bytes(url.path))
        if path == self.root or f"{path}/" == self.root:
            if not self.listed:
                return self._refused(403, "AccessDenied", ask)
            return answer(200, self.page(dict(parse_qsl(url.query))), XML)
        key = path.removeprefix(self.root)
        if path.startswith(self.root) and key in self.objects:
            data = self.objects[key]
            said = {"Content-Type": "binary/octet-stream", "Last-Modified": LONG_AGO, **XML}
            said |= {"Content-Length": str(len(data)), "Content-Type": "binary/octet-stream"}
            return answer(200, b"" if ask.method == "HEAD" else data, said)
        return self._refused(404, "NoSuchKey", ask)

    def _refused(self, status: int, code: str, ask: Ask) -> bytes:
        page = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()
        return answer(status, b"" if ask.method == "HEAD" else page, XML)

    def page(self, query: Mapping[str, str]) -> bytes:
        if not self.asks or query.get("list-type") != "2":
            query = {}
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        written: Callable[[str], str] = escape
        if query.get("encoding-type") == "url":
            written = lambda text: quote(to_bytes(text), safe="/")  # noqa: E731
        found = self._below(prefix, delimiter)
        behind = query.get("continuation-token", "")
        rest = [key for key in found if not behind or self.token(key) > behind]
        part, more = rest[: self.most], len(rest) > self.most
        facts = f"<Name>bucket</Name><Prefix>{written(prefix)}</Prefix>"
        facts += f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        if more and query:
            token = escape(self.token(part[-1]))
            facts += f"<NextContinuationToken>{token}</NextContinuationToken>"
        listed = "".join(
            f"<CommonPrefixes><Prefix>{written(key)}</Prefix></CommonPrefixes>"
            if delimiter and key.removeprefix(prefix).endswith(delimiter)
            else f"<Contents><Key>{written(key)}</Key><Size>{len(self.objects[key])}</Size>"
            "<LastModified>2024-05-06T13:00:00.000Z</LastModified></Contents>"
            for key in part
        )
        kind = "<EncodingType>url</EncodingType>" if written is not escape else ""
        body = f'<ListBucketResult xmlns="{SPACE}">{facts}{listed}{kind}</ListBucketResult>'
        return f"{self.declaration}{body}".encode("utf-8", "surrogateescape")

    def _below(self, prefix: str, delimiter: str) -> list[str]:
        """Keys that begin with the prefix; those with a delimiter behind it as one."""
        found: dict[str, None] = {}
        for key in sorted(self.objects):
            if key.startswith(prefix):
                head, cut, _ = key.removeprefix(prefix).partition(delimiter or "\0")
                found[prefix + head + cut if delimiter and cut else key] = None
        return [*found]
