"""31: documents that SharePoint changes (onedrive-api-docs #935)."""

from __future__ import annotations

import pytest

from tests.graph.hashes import quick_xor
from tests.graph.place import Place, good, observed

DATA = b"pretend that this is a document"


@observed
@pytest.mark.parametrize("name", ["a.docx", "b.PDF", "c.html"])
def test_business_stores_another_file_each_time(business: Place, name: str) -> None:
    business.emulated_only("a real service looks into the file, and this is none")
    item = business.put(name, DATA)
    stored = business.read(item)
    assert item["size"] == len(stored) != len(DATA)
    assert item["file"]["hashes"]["quickXorHash"] == quick_xor(stored) != quick_xor(DATA)
    session = business.begin(name, "replace")
    again = good(business.fragment(session, 0, DATA, len(DATA)), 200)
    assert again["file"]["hashes"] != item["file"]["hashes"]


def test_personal_does_not(personal: Place) -> None:
    item = personal.put("a.docx", DATA)
    assert personal.read(item) == DATA


def test_nor_does_business_change_others(business: Place) -> None:
    assert business.read(business.put("a.bin", DATA)) == DATA


def test_the_listed_size_may_be_wrong(business: Place) -> None:
    item = business.put("a.bin", DATA)
    business.server.misreport_size(f"{business.folder['name']}/a.bin", 7)
    assert good(business.get(business.item(item["id"])), 200)["size"] == len(DATA) + 7
    assert business.read(item) == DATA
