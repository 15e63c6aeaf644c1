"""A bucket that makes checksums as Amazon does: of the whole, or of digests. An emulator.

bucket = SumsBucket()
with ScriptedHttp(bucket) as server:
    … access_to(server, directory, checksums="always") …, "/b/key"
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import md5, sha256
from threading import Lock
from urllib.parse import parse_qsl, unquote, urlsplit

from awscrt.checksums import crc64nvme

from tests.servers.scripted_http import LONG_AGO, Ask, Wire, answer

_KEPT = "x-amz-meta-"
_ALGORITHM = "x-amz-checksum-algorithm"


def summed(algorithm: str, data: bytes) -> str:
    """As headers have it."""
    if algorithm == "crc64nvme":
        return b64encode(crc64nvme(data).to_bytes(8, "big")).decode()
    return b64encode(sha256(data).digest()).decode()


@dataclass
class Unfinished:
    path: str
    algorithm: str  # "" for none
    kept: Mapping[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Stored:
    data: bytes
    etag: str
    said: Mapping[str, str]


class SumsBucket:
    """`takes`: the checksums that it does not refuse, with `refuses` (where, status, code): "begin"
    is when an upload begins, "part" with its parts. `puts_together`: the parts, in their order."""

    def __init__(
        self,
        takes: tuple[str, ...] = ("crc64nvme", "sha256"),
        *,
        refuses: tuple[str, int, str] = ("begin", 400, "InvalidArgument"),
        puts_together: Callable[[list[bytes]], list[bytes]] = lambda parts: parts,
    ) -> None:
        self.takes, self.refuses, self.puts_together = takes, refuses, puts_together
        self.objects: dict[str, Stored] = {}
        self.unfinished: dict[str, Unfinished] = {}
        self._lock = Lock()

    def __call__(self, ask: Ask, wire: Wire) -> None:
        with self._lock:
            said = self.answer(ask)
        wire.say(said)

    def answer(self, ask: Ask) -> bytes:
        url = urlsplit(ask.target)
        path, query = unquote(url.path), dict(parse_qsl(url.query, keep_blank_values=True))
        if path.count("/") == 1:
            return self._of_the_bucket(query)
        if "uploads" in query:
            return self._begin(path, ask)
        if "uploadId" in query:
            found = self.unfinished.get(query["uploadId"])
            if found is None:
                return _error(404, "NoSuchUpload")
            return self._of_an_upload(ask, found, query)
        if ask.method == "PUT":
            return self._put(path, ask)
        if ask.method == "DELETE":
            self.objects.pop(path, None)
            return answer(204)
        return self._get(path, ask)

    def _of_the_bucket(self, query: Mapping[str, str]) -> bytes:
        if "uploads" not in query:
            return answer(200, b"<ListBucketResult/>")
        listed = "".join(
            f"<Upload><Key>{each.path.split('/', 2)[2]}</Key><UploadId>{name}</UploadId></Upload>"
            for name, each in self.unfinished.items()
        )
        text = f"<ListMultipartUploadsResult>{listed}</ListMultipartUploadsResult>"
        return answer(200, text.encode())

    def _begin(self, path: str, ask: Ask) -> bytes:
        algorithm = ask.headers.get(_ALGORITHM, "").lower()
        if self._refuses("begin", algorithm):
            return _error(*self.refuses[1:])
        name = f"upload-{len(self.unfinished)}-{len(self.objects)}"
        self.unfinished[name] = Unfinished(path, algorithm, _kept(ask))
        root = "InitiateMultipartUploadResult"
        return answer(200, f"<{root}><UploadId>{name}</UploadId></{root}>".encode())

    def _refuses(self, where: str, algorithm: str) -> bool:
        return self.refuses[0] == where and algorithm not in {*self.takes, ""}

    def _of_an_upload(self, ask: Ask, upload: Unfinished, query: Mapping[str, str]) -> bytes:
        if ask.method == "PUT":
            said = ask.headers.get(f"x-amz-checksum-{upload.algorithm}")
            if said and self._refuses("part", upload.algorithm):
                return _error(*self.refuses[1:])
            if said and said != summed(upload.algorithm, ask.body):
                return _error(400, "BadDigest")
            upload.parts[int(query["partNumber"])] = ask.body
            return answer(200, headers={"ETag": _etag(ask.body)})
        if ask.method == "GET":
            return _listed(upload)
        del self.unfinished[query["uploadId"]]
        if ask.method == "POST":
            self._complete(upload, ask)
            root = "CompleteMultipartUploadResult"
            return answer(200, f"<{root}/>".encode())
        return answer(204)

    def _complete(self, upload: Unfinished, ask: Ask) -> None:
        numbers = [int(n) for n in re.findall(r"<PartNumber>(\d+)<", ask.body.decode())]
        sums = re.findall(r"<Checksum\w+>([^<]+)<", ask.body.decode())
        if upload.algorithm:
            assert sums == [summed(upload.algorithm, upload.parts[n]) for n in numbers]
        parts = self.puts_together([upload.parts[number] for number in numbers])
        data = b"".join(parts)
        name, said = f"x-amz-checksum-{upload.algorithm}", dict(upload.kept)
        if upload.algorithm == "crc64nvme":
            said |= {name: summed("crc64nvme", data), "x-amz-checksum-type": "FULL_OBJECT"}
        elif upload.algorithm:
            digests = b"".join(sha256(part).digest() for part in parts)
            said |= {name: f"{summed('sha256', digests)}-{len(parts)}"}
            said |= {"x-amz-checksum-type": "COMPOSITE"}
        of_parts = md5(b"".join(md5(part).digest() for part in parts)).hexdigest()
        self.objects[upload.path] = Stored(data, f'"{of_parts}-{len(parts)}"', said)

    def _put(self, path: str, ask: Ask) -> bytes:
        said = ask.headers.get("x-amz-checksum-sha256")
        if said and "sha256" not in self.takes:
            return _error(*self.refuses[1:])
        checksum = {"x-amz-checksum-sha256": said} if said else {}
        self.objects[path] = Stored(ask.body, _etag(ask.body), _kept(ask) | checksum)
        return answer(200, headers={"ETag": _etag(ask.body)})

    def _get(self, path: str, ask: Ask) -> bytes:
        found = self.objects.get(path)
        if found is None:
            return answer(404) if ask.method == "HEAD" else _error(404, "NoSuchKey")
        if ask.headers.get("if-match", found.etag) != found.etag:
            return _error(412, "PreconditionFailed")
        said = {**found.said, "ETag": found.etag, "Last-Modified": LONG_AGO}
        size = len(found.data)
        if ask.method == "HEAD":
            return answer(200, b"", said | {"Content-Length": str(size)})
        if ask.range is None:
            return answer(200, found.data, said)
        first, last = ask.range
        last = size - 1 if last is None else last
        said["Content-Range"] = f"bytes {first}-{last}/{size}"
        return answer(206, found.data[first : last + 1], said)


def _kept(ask: Ask) -> dict[str, str]:
    return {name: value for name, value in ask.headers.items() if name.startswith(_KEPT)}


def _etag(data: bytes) -> str:
    return f'"{md5(data).hexdigest()}"'


def _listed(upload: Unfinished) -> bytes:
    name = f"Checksum{upload.algorithm.upper()}"
    parts = ""
    for number, data in sorted(upload.parts.items()):
        parts += f"<Part><PartNumber>{number}</PartNumber><ETag>{_etag(data)}</ETag>"
        if upload.algorithm:
            parts += f"<{name}>{summed(upload.algorithm, data)}</{name}>"
        parts += f"<Size>{len(data)}</Size></Part>"
    return answer(200, f"<ListPartsResult>{parts}</ListPartsResult>".encode())


def _error(status: int, code: str) -> bytes:
    return answer(status, f"<Error><Code>{code}</Code></Error>".encode())
