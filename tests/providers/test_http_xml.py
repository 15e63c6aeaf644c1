"""XML from a server: what is taken, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.web import xml
from providers.web.xml import BadXml, parse, records

ROOT, ITEM = frozenset({"{n}root"}), frozenset({"{n}item"})
BOMB = b'<!DOCTYPE root [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = b'<!DOCTYPE root [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


def document(inside: bytes, before: bytes = b"") -> bytes:
    return before + b'<root xmlns="n">' + inside + b"</root>"


def test_records_come_one_by_one_with_what_is_in_them() -> None:
    body = document(b"<other>no</other><item k='1'>a<b>x &lt;</b></item><item/>")
    first, second = records([body], ROOT, ITEM)
    assert (first.attrib, first.findtext("{n}b"), first.text) == ({"k": "1"}, "x <", "a")
    assert len(second) == 0


def test_records_are_handed_out_before_the_document_ends() -> None:
    def chunks() -> object:
        yield document(b"<item/>")[:-7]
        raise AssertionError("read on before the first record was handed out")

    assert next(records(chunks(), ROOT, ITEM)).tag == "{n}item"  # type: ignore[arg-type]


def test_an_item_in_an_item_belongs_to_the_outer_one() -> None:
    (only,) = records([document(b"<item><item/></item>")], ROOT, ITEM)
    assert [child.tag for child in only] == ["{n}item"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (document(b"<item>&b;</item>", BOMB), "document type"),
        (document(b"<item>&x;</item>", OUTSIDE), "document type"),
        (document(b"<item>&x;</item>"), "not well-formed"),
        (document(b"<item>")[:-7], "not well-formed"),
        (b"", "not well-formed"),
        (b"<html/>", "another kind"),
        (document(b"<item>" * 70 + b"</item>" * 70), "nested"),
        (b'<?xml version="1.0" encoding="no-such"?><root/>', "not well-formed"),
        (b'<?xml version="1.0" encoding="utf-7"?><root/>', "not well-formed"),
        (document(b"<item " + b"a" * (3 << 20) + b"='1'/>"), "longer than"),
    ],
    ids=["bomb", "file", "entity", "short", "empty", "html", "deep", "encoding", "utf-7", "tag"],
)
def test_what_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(BadXml, match=why):
        [*records([body], ROOT, ITEM)]


def test_a_document_is_refused_at_its_limit_not_after_it() -> None:
    endless = (document(b"")[:16] if n == 0 else b" " * 1000 for n in range(10**9))
    with pytest.raises(BadXml, match=r"longer than 10,000 bytes"):
        [*records(endless, ROOT, ITEM, limit=10_000)]


def test_one_record_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "_ELEMENTS", 10)
    with pytest.raises(BadXml, match="too large"):
        [*records([document(b"<item>" + b"<b/>" * 11 + b"</item>")], ROOT, ITEM)]
    assert len([*records([document(b"<item><b/></item>" * 50)], ROOT, ITEM)]) == 50
    monkeypatch.setattr(xml, "_RECORD", 100)
    with pytest.raises(BadXml, match="too large"):
        [*records([document(b"<item>" + b"x" * 101 + b"</item>")], ROOT, ITEM)]


def test_a_small_document_is_read_whole() -> None:
    root = parse(document(b"<item>1</item>"), "{n}root")
    assert root.findtext("{n}item") == "1"
    with pytest.raises(BadXml):
        parse(b"<other/>", "{n}root")


@given(st.binary() | st.binary().map(document), st.integers(1, 7))
def test_anything_else_is_records_or_bad_xml(body: bytes, size: int) -> None:
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    try:
        found = [*records(chunks, ROOT, ITEM)]
    except BadXml:
        return
    assert {element.tag for element in found} <= ITEM
