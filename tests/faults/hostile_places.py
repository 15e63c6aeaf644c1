"""Servers that list names which lead elsewhere, and do whatever they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from tests.faults.hostile_links import HREFS, KEYS, LINKS, NAMES, html_of, json_of, multistatus_of
from tests.servers.bucket import XML
from tests.servers.scripted_http import Ask, Wire, answer

TREE, INTO = "/tree", "/into"
CHANGES = frozenset({"PUT", "DELETE", "MOVE", "COPY", "MKCOL", "POST", "PROPPATCH"})
_HTML = {"Content-Type": "text/html"}


@dataclass
class Hostile:
    """`kind`: how it lists "/tree": "html", "json", "bucket" or "webdav".

    Whatever is asked for is there and is a file, but for what ends in a slash and for "/into",
    where nothing is: an address outside would be found, changed and removed.
    """

    kind: str
    host: str = ""

    def __call__(self, ask: Ask, wire: Wire) -> None:
        if ask.headers.get("expect"):
            wire.say(b"HTTP/1.1 100 Continue\r\n\r\n")
            wire.body(ask.headers)
        said = self._answer(ask)
        wire.say(said.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if ask.method == "HEAD" else said)

    def _answer(self, ask: Ask) -> bytes:
        if ask.method in CHANGES:
            return answer(201)
        if ask.method == "PROPFIND":
            return self._described(ask) if self.kind == "webdav" else answer(405)
        if self.kind == "bucket":
            return self._of_bucket(ask)
        if ask.target == TREE:
            return answer(301, b"", {"Location": f"{TREE}/"})
        if ask.target == f"{TREE}/":
            page, kind = html_of(["good", *LINKS], self.host), "text/html"
            if self.kind == "json":
                page, kind = json_of(["good", *NAMES]), "application/json"
            return answer(200, page, {"Content-Type": kind})
        if ask.target.startswith(f"{INTO}/"):
            return answer(404)
        if ask.target.endswith("/"):
            return answer(200, b"<html><title>Index of /</title></html>", _HTML)
        return answer(200, b"content")

    def _of_bucket(self, ask: Ask) -> bytes:
        url = urlsplit(ask.target)
        if not url.query:
            there = not ask.target.endswith("/") and ask.target != TREE
            there = there and not ask.target.startswith(INTO)
            return answer(200, b"content", XML) if there else answer(404, b"", XML)
        prefix = parse_qs(url.query).get("prefix", [""])[0]
        keys = ("tree/good", *KEYS) if prefix == "tree/" else ()
        listed = "".join(f"<Contents><Key>{quote(key)}</Key></Contents>" for key in keys)
        said = f"<Prefix>{quote(prefix)}</Prefix><EncodingType>url</EncodingType>{listed}"
        return answer(200, f"<ListBucketResult>{said}</ListBucketResult>".encode(), XML)

    def _described(self, ask: Ask) -> bytes:
        path = ask.target.rstrip("/")
        if ask.headers["depth"] == "1":
            told = [f"{path}/", f"{TREE}/good", *(HREFS if path == TREE else ())]
        elif path.startswith(f"{INTO}/"):
            return answer(404)
        else:
            told = [f"{path}/" if path in (TREE, INTO) or ask.target.endswith("/") else path]
        return answer(207, multistatus_of(told, self.host))
