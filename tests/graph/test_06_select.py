"""06: only what was selected comes (optional-query-parameters; microsoft-graph-docs #20212)."""

from __future__ import annotations

from tests.graph.place import Place, good, observed

DOWNLOAD = "@microsoft.graph.downloadUrl"


def test_unselected_properties_do_not_come(place: Place) -> None:
    place.put("a.txt", b"abc")
    (item,) = good(place.get(place.children + "?select=name,size"), 200)["value"]
    assert (item["name"], item["size"]) == ("a.txt", 3)
    assert {key for key in item if not key.startswith("@")} <= {"id", "name", "size"}


@observed
def test_the_download_url_is_lost_by_a_select_with_a_dollar_sign(place: Place) -> None:
    item = place.item(place.put("a.txt", b"abc")["id"])
    assert DOWNLOAD in good(place.get(item), 200)
    assert DOWNLOAD not in good(place.get(f"{item}?$select=id,{DOWNLOAD}"), 200)
    assert DOWNLOAD in good(place.get(f"{item}?select=id,{DOWNLOAD}"), 200)
