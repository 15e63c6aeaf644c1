"""Listings by servers that the tests cannot start, and by pages that nobody knows."""

from __future__ import annotations

import pytest

from providers.base import Entry, Kind
from providers.errors import Unsupported
from providers.http import once
from providers.http.listing import family, parse_listing
from providers.http.listing.times import seconds

BASE = "http://files.example:8080"
HTML = "text/html; charset=utf-8"
NOON = 1_715_000_400.0  # 2024-05-06 13:00:00 UTC
Short = tuple[str, Kind, int | None, float | None]

CADDY = b"""<!DOCTYPE html><html><head><title>sub</title><style>a{}</style></head><body>
<div class="meta"><input type="search" placeholder="Search" id="filter" onkeyup='filter()'></div>
<div class="listing "><table aria-describedby="summary"><thead><tr><th></th>
<th><a href="?sort=namedirfirst&order=desc"><svg><path d="M0 0"></path></svg></a>
<a href="?sort=name&order=asc">Name</a><div class="filter-container"><input id="filter"></div></th>
<th><a href="?sort=size&order=asc">Size</a></th>
<th class="hideable"><a href="?sort=time&order=asc">Modified</a></th><th class="hideable"></th>
</tr></thead><tbody>
<tr><td></td><td><a href=".."><span class="go-up">Up</span></a></td><td></td><td></td></tr>
<tr class="file"><td></td><td><a href="./inner%20dir/"><svg></svg>
<span class="name">inner dir/</span>
</a></td>
<td>&mdash;</td>
<td class="timestamp hideable"><time datetime="2024-05-06T13:00:00Z">x</time></td><td></td></tr>
<tr class="file"><td></td><td><a href="./a%26b:c.bin"><svg></svg>
<span class="name">a&amp;b:c.bin</span>
</a></td>
<td class="size" data-size="5000"><div class="sizebar"><div class="sizebar-bar"></div>
<div class="sizebar-text">4.9 KiB</div></div></td>
<td class="timestamp hideable">
<time datetime="2024-05-06T13:00:00Z">05/06/2024 01:00:00 PM +00:00</time></td>
<td></td></tr>
</tbody></table></div>
<footer>Served with <a href="https://caddyserver.com">Caddy</a></footer></body></html>"""

CADDY_JSON = b"""[{"name":"inner dir/","size":4096,"url":"./inner%20dir/",
"mod_time":"2024-05-06T13:00:00.123456789Z","mode":2147484141,"is_dir":true,"is_symlink":false},
{"name":"a&b:c.bin","size":5000,"url":"./a&b:c.bin","mod_time":"2024-05-06T15:00:00+02:00",
"mode":420,"is_dir":false,"is_symlink":false},
{"name":"elsewhere","size":1,"url":"../elsewhere","mod_time":"","mode":420,"is_dir":false}]
"""

IIS = b"""<html><head><title>files.example - /sub/</title></head><body>
<H1>files.example - /sub/</H1><hr>

<pre><A HREF="/">[To Parent Directory]</A><br><br> 6/12/2014  3:25 AM        &lt;dir&gt; \
<A HREF="/sub/inner%20dir/">inner dir</A><br> 6/12/2014  3:25 AM         5000 \
<A HREF="/sub/a&amp;b:c.bin">a&amp;b:c.bin</A><br>12.06.2014    03:25            0 \
<A HREF="/sub/empty">empty</A><br></pre><hr></body></html>"""

S3 = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>
<Prefix>sub/</Prefix><Marker></Marker><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>
<Contents><Key>sub/</Key><LastModified>2024-05-06T13:00:00.000Z</LastModified><Size>0</Size></Contents>
<Contents><Key>sub/a&amp;b:c.bin</Key><LastModified>2024-05-06T13:00:00.000Z</LastModified>
<ETag>"900150983cd24fb0d6963f7d28e17f72"</ETag><Size>5000</Size></Contents>
<Contents><Key>sub/deep/er/x</Key><LastModified>2024-05-06T13:00:00.000Z</LastModified><Size>1</Size></Contents>
<Contents><Key>sub/../../x</Key><Size>1</Size></Contents>
<Contents><Key>other/x</Key><Size>1</Size></Contents>
<CommonPrefixes><Prefix>sub/inner dir/</Prefix></CommonPrefixes></ListBucketResult>"""


def listed(page: bytes, kind: str = HTML, path: str = "/sub") -> list[Entry] | None:
    return parse_listing(page, kind, path, BASE)


def short(entries: list[Entry] | None) -> list[Short]:
    assert entries is not None
    return [(e.name, e.kind, e.size, e.modified) for e in entries]


@pytest.mark.parametrize(
    ("page", "when"),
    [(CADDY, NOON), (CADDY_JSON, NOON), (IIS, None)],
    ids=["caddy", "caddy-json", "iis"],
)
def test_a_page_of_a_server_that_is_known(page: bytes, when: float | None) -> None:
    kind = "application/json" if page is CADDY_JSON else HTML
    folder, file, *rest = short(listed(page, kind))
    assert folder[:3] == ("inner dir", Kind.DIR, None)
    assert file[:3] == ("a&b:c.bin", Kind.FILE, 5000)
    assert file[3] == when
    assert rest == ([("empty", Kind.FILE, 0, None)] if page is IIS else [])


def test_the_kind_of_server_is_known_by_its_page() -> None:
    assert (family(CADDY), family(IIS), family(S3), family(b"<p>")) == ("Caddy", "IIS", "", "")


def test_an_entry_has_the_canonical_address() -> None:
    assert [e.path for e in listed(IIS) or ()] == [
        "/sub/inner%20dir",
        "/sub/a&b:c.bin",
        "/sub/empty",
    ]


def test_a_bucket_lists_what_is_one_level_below_its_prefix() -> None:
    assert short(listed(S3, "application/xml")) == [
        ("a&b:c.bin", Kind.FILE, 5000, NOON),
        ("deep", Kind.DIR, None, None),
        ("inner dir", Kind.DIR, None, None),
    ]


def test_a_bucket_in_a_folder_of_its_server() -> None:
    entries = listed(S3, "application/xml", "/bucket/sub")
    assert next(e.path for e in entries or ()) == "/bucket/sub/a&b:c.bin"


def test_the_keys_of_a_bucket_may_be_percent_encoded() -> None:
    page = S3.replace(b"a&amp;b:c.bin", b"a%2Bb+c%25").replace(
        b"<Marker>", b"<EncodingType>url</EncodingType><Marker>"
    )
    assert short(listed(page))[0][0] == "a+b c%"


def test_a_bucket_of_another_prefix_is_not_this_folder() -> None:
    assert listed(S3, "application/xml", "/other") is None


def test_a_bucket_that_is_not_listed_whole_is_refused_aloud() -> None:
    with pytest.raises(Unsupported, match="only the first part"):
        listed(S3.replace(b">false<", b">true<"))


def test_any_page_is_read_by_its_links() -> None:
    page = b"""<html><body><nav><a href="/">home</a> <a href="https://other.example/x">ad</a></nav>
    <p><a class=x href='report.pdf'>Report</a>, <A HREF=data.csv>Data</A>, <a href="more/">more</a>
    <a href="/sub/absolute.txt">a</a> <a href="http://files.example:8080/sub/full.txt">f</a>
    <a href="a b.txt">blank</a> <a href="x.html?v=2">query</a> <a href="#top">top</a>
    <a name="here">no link</a> <a href="report.pdf">again</a></p></body></html>"""
    assert [entry.name for entry in listed(page) or ()] == [
        *("report.pdf", "data.csv", "more", "absolute.txt", "full.txt", "a b.txt")
    ]


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        (b"", HTML),
        (b"<html><body>It works!</body></html>", HTML),
        (b'<html><a href="http://other.example/x">x</a></html>', HTML),
        (
            b'<html><head><base href="http://other.example/sub/"></head><a href="x">x</a></html>',
            HTML,
        ),
        (b"%PDF-1.7 <a href=x>", "application/pdf"),
        (b"%PDF-1.7 <a href=x>", ""),
        (b"plain text", "text/plain"),
        (b"[1, 2]", "application/json"),
        (b'{"name": "x"}', "application/json"),
        (b'[{"name": "x"}]', "application/json"),
        (b'[{"name":"x","type":"file","mtime":""}', "application/json"),
        (b'[{"name":"x","type":"file","mtime":""}] more', "application/json"),
        (b'[{"name":"x","type":"file","mtime":""},]', "application/json"),
        (b'[{"name":"x","type":"file","mtime":{"a":1}}]', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'<?xml version="1.0"?><rss/>', "application/xml"),
        (b'<?xml version="1.0"?><ListBucketResult>', "application/xml"),
    ],
)
def test_what_is_no_listing(page: bytes, kind: str) -> None:
    assert listed(page, kind) is None


@pytest.mark.parametrize("page", [b"[]", b" [ ]\n", b"null\n"])
def test_an_empty_array_is_an_empty_folder(page: bytes) -> None:
    assert listed(page, "application/json") == []


def test_nginx_may_list_what_is_neither_file_nor_folder() -> None:
    page = b'[{"name":"pipe","type":"other","mtime":"Mon, 06 May 2024 13:00:00 GMT"}]'
    assert short(listed(page, "application/json")) == [("pipe", Kind.OTHER, None, NOON)]


def test_the_same_origin_may_be_written_in_other_ways() -> None:
    links = ["HTTP://FILES.example:80/sub/a", "//files.example/sub/b", "http://files.example/sub/c"]
    links += ["https://files.example/sub/d", "http://files.example:8080/sub/e"]
    page = "".join(f'<a href="{link}">x</a>' for link in links).encode()
    entries = parse_listing(page, HTML, "/sub", "http://files.example")
    assert [entry.name for entry in entries or ()] == ["a", "b", "c"]


def test_a_description_is_not_taken_for_a_size() -> None:
    page = b"""<title>Index of /sub</title><pre><a href="?C=N;O=D">Name</a> <a href="?C=M;O=A">Last
    modified</a><hr><a href="a">a</a>  2024-05-06 13:00  7 dwarfs\n</pre>"""
    assert short(listed(page)) == [("a", Kind.FILE, None, NOON)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-06 13:00", NOON),
        ("06-May-2024 13:00", NOON),
        ("2024-May-06 13:00:00", NOON),
        ("Mon, 06 May 2024 13:00:00 GMT", NOON),
        ("2024-05-06T13:00:00Z", NOON),
        ("2024-05-06T13:00:00.5Z", NOON + 0.5),
        ("2024-05-06T15:00:00+02:00", NOON),
        ("2024-05-06 08:30:00.25 -0430 VET", NOON + 0.25),
        ("2024-05-06 13:00:00 +0000 UTC", NOON),
        ("6/12/2014 3:25 AM", None),
        ("2024-02-30 13:00", None),
        ("0000-01-01 00:00", None),
        ("0001-01-01 00:00:00 +2359", -62135683140.0),
        ("2024-05-06 25:00", None),
        ("2024-05-06 13:00:00 +9999", None),
        ("2024-05-06 13:00 \u0661", None),
        ("", None),
    ],
)
def test_dates_as_listings_write_them(text: str, expected: float | None) -> None:
    assert seconds(text) == expected


def test_a_folder_of_too_many_names_is_refused_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "MOST_ENTRIES", 3)
    page = b"".join(b"<a href=%d>x</a>" % number for number in range(4))
    with pytest.raises(Unsupported, match="more than 3 entries"):
        listed(page)
    assert len(listed(page[:-16]) or ()) == 3
