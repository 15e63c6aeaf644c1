"""C17: listings that repeat, that lie, that never end: bounded, and nothing strange gets in."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from providers.base import Kind
from providers.http.listing import parse_listing
from tests.faults.hostile_links import is_in

HTML = "text/html"
BASE = "https://files.example"
MIB = 1 << 20
NGINX = b'<h1>Index of /x</h1><hr><pre><a href="../">../</a>\n'
TABLE = b'<table summary="Directory Listing"><tr><th>Name</th><th>Size</th></tr>'
BUCKET = b'<?xml version="1.0"?>%s<ListBucketResult>%s</ListBucketResult>'
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'

ENDLESS = {
    "comments": (b"", b"<!--"),
    "open tags": (b"", b"<a "),
    "end tags": (b"", b"</"),
    "names of tags": (b"<", b"a"),
    "quotes": (b"", b'<a href="'),
    "both quotes": (b"", b"<a x=\"y' z='w"),
    "blanks in a tag": (b"<a", b" "),
    "blanks in a closed tag": (b"<a x=href", b" "),
    "slashes in a tag": (b"<a ", b"/"),
    "equal signs": (b"<a ", b"="),
    "attributes": (b"<a", b" x=y"),
    "scripts": (b"", b"<script>"),
    "declarations": (b"", b"<!x"),
    "sections": (b"", b"<![CDATA["),
    "lone signs": (b"", b"<"),
    "references": (b"<a href=", b"&#1"),
    "dates": (NGINX, b"<a href=x>x</a>   24-Nov-2026 03:16 "),
    "blanks after links": (NGINX, b"<a href=x>x</a>" + b" " * 300),
    "cells": (TABLE, b"<td data-order=1>"),
    "rows": (TABLE, b"<tr><td><a href=x>"),
    "text of a cell": (TABLE + b"<td>", b"x<b>"),
    "arrays": (b"", b"["),
    "strings": (b'[{"name":"', b"\\\\"),
    "objects": (b"[", b'{"a":'),
    "keys": (b"[{", b'"a":1,'),
    "dots of a number": (b"<pre><a href=x>x</a> ", b"1."),
    "elements": (b'<?xml version="1.0"?><ListBucketResult>', b"<Contents>"),
    "one element": (b'<?xml version="1.0"?><ListBucketResult ', b"a"),
    "titles": (b"", b"<title>x"),
    "paths": (b"<a href=", b"/."),
    "hosts": (b"<a href=http://", b"a:1"),
}


def made(kind: str, size: int) -> bytes:
    start, again = ENDLESS[kind]
    page = (start + again * (size // len(again)))[:size]
    return page + (b">" if kind == "blanks in a closed tag" else b"")


def seconds(page: bytes) -> float:
    started = time.thread_time()
    parse_listing(page, HTML, "/x", BASE)
    return time.thread_time() - started


@pytest.mark.parametrize("kind", ENDLESS)
def test_C17_an_endless_page_takes_time_by_its_length_only(kind: str) -> None:
    long = seconds(made(kind, MIB // 2))
    short = seconds(made(kind, MIB // 16))
    assert long < 0.5 or long < 24 * short  # 8 times as long; 64 were quadratic


@pytest.mark.parametrize("kind", ENDLESS)
def test_C17_an_endless_page_takes_memory_by_its_length_only(kind: str) -> None:
    page = made(kind, MIB // 8)
    tracemalloc.start()
    try:
        parse_listing(page, HTML, "/x", BASE)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 64 * len(page)


def test_C17_a_folder_of_many_files_is_listed_in_bounded_memory() -> None:
    count = 5_000
    line = b'<a href="file-%06d">x</a>   24-Nov-2026 03:16   5000\n'
    page = NGINX + b"".join(line % number for number in range(count))
    tracemalloc.start()
    try:
        entries = parse_listing(page, HTML, "/x", BASE)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert entries is not None
    assert len(entries) == count
    assert most - len(page) < count * 600


def test_C17_a_name_comes_once_however_often_it_is_listed() -> None:
    page = b"".join([b"<a href=x>x</a><a href=./x>x</a><a href=/x/x>x</a><a href=%78>x</a>"] * 500)
    assert [entry.name for entry in parse_listing(page, HTML, "/x", BASE) or ()] == ["x"]


def test_C17_of_two_mentions_the_one_that_says_more_counts() -> None:
    page = NGINX + b"<a href=x><img></a> <a href=x>x</a>   24-Nov-2026 03:16   5\n"
    (entry,) = parse_listing(page + page, HTML, "/x", BASE) or ()
    assert entry.size == 5


def test_C17_links_to_the_folder_itself_above_and_elsewhere_are_no_entries() -> None:
    page = b"""<a href=.>x</a><a href=./>x</a><a href="">x</a><a href=..>x</a><a href=../>x</a>
    <a href=/x>x</a><a href=/x/>x</a><a href=/>x</a><a href=/y/z>x</a><a href=//evil/x/y>x</a>
    <a href=https://evil/x/y>x</a><a href=http://files.example/x/y>x</a><a href=?C=N>x</a>
    <a href=javascript:x>x</a><a href=https://files.example:8443/x/y>x</a><a href=deep/er>x</a>"""
    assert parse_listing(NGINX + page, HTML, "/x", BASE) == []


def test_C17_control_characters_in_a_link_refuse_it_and_quoted_ones_are_part_of_the_name() -> None:
    page = b'<a href="a\x00b">x</a><a href="a\nb">x</a><a href="a&#27;b">x</a><a href=a%1bb>x</a>'
    (entry,) = parse_listing(page, HTML, "/x", BASE) or ()
    assert (entry.name, entry.kind) == ("a\x1bb", Kind.FILE)
    assert is_in("/x", entry)


@pytest.mark.parametrize("entity", [b"&a;", b"&b;", b"&undeclared;"])
def test_C17_entities_of_a_document_are_never_resolved(entity: bytes) -> None:
    page = BUCKET % (LAUGHS, b"<Contents><Key>%s</Key></Contents>" % entity)
    assert parse_listing(page, "application/xml", "/x", BASE) is None


def test_C17_entities_of_html_are_resolved_once() -> None:
    page = b'<a href="a&amp;lt;b">x</a><a href="%26lt%3B">x</a>'
    names = [entry.name for entry in parse_listing(page, HTML, "/x", BASE) or ()]
    assert names == ["a&lt;b", "&lt;"]
