"""What a web server does once it answers: its folder, ranges, versions, digests and its clock."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence

from providers.base import Entry, Kind
from providers.diagnosis import Finding, Step, look_alike, odd_names
from providers.errors import NotFound, ProviderError, Throttled
from providers.http.faults import problem
from providers.http.listing import entries_of, family, parse_listing, s3
from providers.http.listing.address import NotAListing
from providers.http.once import Once
from providers.http.paths import canonical, name, parent
from providers.http.session import Session
from providers.http.webdav import checkup as webdav
from providers.records import dataclass
from providers.text import printable
from providers.web.headers import (
    BadHeader,
    content_range,
    digests_of,
    http_date,
    strong_etag,
    version_of,
)
from providers.web.response import Response

_PAGE = 8 << 20  # bytes of a listing that is looked at
_SKEW = 120.0  # seconds
_MARKUP = ("html", "xml", "json")
_ADVICE = {  # by what an error says
    " 403 ": "Listing folders may be switched off there: then give the whole address of a file. "
    "Else this user may not see it.",
    " 400 ": "It may speak TLS on that port: try https:// (or davs://).",
    " 405 ": "It may be WebDAV only: try dav:// or davs://.",
}


def look_around(session: Session, path: str, *, dav: bool) -> Iterator[Finding]:
    """The steps once the server answers as whoever we are; the first that fails is the last."""
    look = webdav.look_around if dav else _folder_or_file
    found = yield from look(session, path)
    if found is None:
        return
    kind, entries = found
    sample = path if kind is Kind.FILE else _sample_of(entries)
    if sample is not None:
        yield from _file(session, sample)
    else:
        yield Step("ranges").remark("there is no file here to try downloads with")


def _folder_or_file(
    session: Session, path: str
) -> Generator[Finding, None, tuple[Kind, list[Entry]] | None]:
    """What stands at `path`, and what is in it when it is a folder; None: the walk ends here."""
    page = yield from _ask(session, path)
    if page is None:
        return None
    if page.body is None:
        return Kind.FILE, []
    step = Step("listing", path)
    try:
        entries = _listed(page)
    except ProviderError as error:
        yield step.failed(error)
        return None
    if entries is None:
        yield step.remark(
            "this is a page, not a list of a folder: it is shown as the one file it is",
            "If it is a folder, its server shows a page instead of a list; ask for listing there.",
        )
        return Kind.FILE, []
    yield step.fine(f"a list of {len(entries)} entries, {_written(page.body, page.content_type)}")
    odd = odd_names(entry.name for entry in entries)
    if odd:
        yield Step("names").remark(
            f"of these names, {odd}", "Other systems may show or store them differently."
        )
    return Kind.DIR, entries


def _listed(page: _Page) -> list[Entry] | None:
    """Of a bucket its first keys; the rest is asked for when it is listed."""
    body = page.body or b""
    if not s3.is_page(body):
        return parse_listing(body, page.content_type, page.path, page.origin)
    path = canonical(page.path)
    try:
        return [*entries_of(s3.part_of(body).found(), path, Once(path))]
    except NotAListing:
        return None


def _written(page: bytes, content_type: str) -> str:
    if s3.is_page(page):
        return "the first of a bucket"
    known = family(page)
    if known:
        return f"as {known} writes it"
    data = [kind.upper() for kind in ("json", "xml") if kind in content_type.lower()]
    return f"as {data[0]}" if data else "told by the links of a page"


def _sample_of(entries: Sequence[Entry]) -> str | None:
    """A file to try things with: one that is not empty, as far as that is known."""
    files = [entry for entry in entries if entry.kind is Kind.FILE and entry.size != 0]
    files.sort(key=lambda entry: entry.size is None)
    return files[0].path if files else None


@dataclass(frozen=True, slots=True)
class _Page:
    """An answer that may be a listing. `body` None: it is a file."""

    body: bytes | None
    content_type: str
    path: str
    origin: str


def _ask(session: Session, path: str) -> Generator[Finding, None, _Page | None]:
    step = Step("answer", session.endpoint, path)
    try:
        page, told = _asked(session, path)
    except NotFound as error:
        alike = _alike(session, path)
        yield step.wrong(error.what, alike or "Check the path: capital letters often count.")
        return None
    except Throttled as error:
        yield step.failed(error, "Wait as long as it says, and use fewer connections.")
        return None
    except ProviderError as error:
        known = next((text for status, text in _ADVICE.items() if status in error.what), "")
        yield step.failed(error, known)
        return None
    yield step.fine(told)
    return page


def _asked(session: Session, path: str) -> tuple[_Page, str]:
    """Servers that know a folder only with a slash at its end are asked again so."""
    with session.send("GET", path) as response:
        if 200 <= response.status < 300:
            return _page(response)
        first = problem(response, path, "showing it")
    if response.status != 404 or "?" in path or path == "/":
        raise first
    with session.send("GET", path + "/") as response:
        if 200 <= response.status < 300:
            return _page(response)
    raise first


def _page(response: Response) -> tuple[_Page, str]:
    content_type = response.headers.get("Content-Type", "")
    told = f"{response.status}, {printable(content_type) or 'of no kind it names'}"
    if response.length is not None:
        told += f", {response.length} bytes"
    if response.url_changed:
        told += f", by way of {printable(response.origin + response.path)}"
    may_list = any(kind in content_type.lower() for kind in _MARKUP)
    small = response.length is None or response.length <= _PAGE
    body = response.text(_PAGE) if may_list and small else None
    return _Page(body, content_type, response.path, response.origin), told


def _alike(session: Session, path: str) -> str:
    """A sentence about what is called nearly so in the folder above; "" for nothing."""
    above = parent(path)
    try:
        page, _ = _asked(session, above)
        entries = _listed(page)
    except ProviderError:
        return ""
    return look_alike(name(path), (entry.name for entry in entries or ()))


# With one file -------------------------------------------------------------------------------


def _file(session: Session, path: str) -> Iterator[Finding]:
    step = Step("ranges", path)
    asked = time.time()
    try:
        with session.send("GET", path, headers={"Range": "bytes=0-0"}) as response:
            yield _ranges(step, response, path)
            if response.status not in (200, 206):
                return
            yield _version(response)
            yield _encoding(response)
    except ProviderError as error:
        yield step.failed(error)
        return
    yield _digests(session, path)
    yield from _clock(response, asked)


def _ranges(step: Step, response: Response, path: str) -> Finding:
    """Whether a part is given when one is asked for (RFC 9110, 14)."""
    if response.status == 200 and response.length == 0:
        return step.remark("the file is empty, so that no part of it can be asked for")
    if response.status == 200:
        return step.remark(
            "the server ignores ranges: it sends the whole file when a part is asked for",
            "A download that is interrupted begins again from zero, as one stream. A proxy between "
            "may be to blame.",
        )
    if response.status == 416:
        return step.remark(
            "416: the server says that there is no first byte, so the file is empty",
            "If it is not, a cache or proxy between is at fault: try without it.",
        )
    if response.status != 206:
        return step.failed(problem(response, path, "giving a part of it"))
    try:
        said = content_range(response.headers.get("Content-Range"))
        size = len(response.text(64 << 10))
    except (BadHeader, ProviderError):
        said, size = None, 0
    if said is None or (said.first, said.last, size) != (0, 0, 1):
        return step.wrong(
            "the server sends a part, but not the one that was asked for",
            "Downloads are checked and start over; ask its owner to look at caches and proxies "
            "before it.",
        )
    whole = "a size it does not tell" if said.total is None else f"{said.total} bytes"
    return step.fine(f"byte 0 of {whole} came when it was asked for: downloads can be resumed")


def _version(response: Response) -> Finding:
    step = Step("version")
    if strong_etag(response.headers.get("ETag")) is not None:
        return step.fine("a strong ETag tells whether the file has changed")
    if version_of(response.headers, 0) is not None:
        return step.remark(
            "only Last-Modified tells whether the file has changed, in whole seconds",
            "Downloads are resumed where that time is clearly old.",
        )
    young = "ETag" not in response.headers and "Last-Modified" in response.headers
    why = "its Last-Modified is too young" if young else "it has no strong ETag"
    return step.remark(
        f"nothing tells for sure whether the file has changed: {why}",
        "A download that is interrupted begins again from zero.",
    )


def _encoding(response: Response) -> Finding:
    step = Step("encoding")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return step.fine("bytes come as they are stored")
    return step.remark(
        f"the server compresses ({printable(encoding)}) though it was asked not to",
        "Its sizes and digests are not those of the file: have compression switched off there.",
    )


def _digests(session: Session, path: str) -> Finding:
    step = Step("digests", path)
    try:
        with session.send("HEAD", path, headers={"Want-Repr-Digest": "sha-256=10"}) as response:
            found = digests_of(response.headers, whole=response.status == 200)
    except ProviderError as error:
        return step.remark(f"it could not be asked for digests ({error.what})")
    if found:
        return step.fine(f"the server states {', '.join(sorted(found))} of the file")
    return step.remark(
        "the server states no digest of the file",
        "Its bytes are proven by size only, unless a file like SHA256SUMS stands beside it.",
    )


def _clock(response: Response, asked: float) -> Iterator[Finding]:
    step = Step("clock")
    said = http_date(response.headers.get("Date"))
    if said is None:
        yield step.remark("the server does not say what time it is")
        return
    ahead = said - asked
    if abs(ahead) <= _SKEW:
        yield step.fine("both clocks agree")
        return
    where = "ahead of" if ahead > 0 else "behind"
    yield step.remark(
        f"the server's clock is {abs(ahead) / 60:.0f} minutes {where} this computer's",
        "Set the one that is wrong: certificates, addresses that expire and “newer” go by it.",
    )
