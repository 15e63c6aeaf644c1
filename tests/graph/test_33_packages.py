"""33: a OneNote notebook is neither file nor folder (package.md; rclone)."""

from __future__ import annotations

from tests.graph.place import Place, good, observed, refused


@observed
def test_a_notebook_is_not_opened_and_not_replaced(place: Place) -> None:
    place.emulated_only("a real account need not have one")
    root = f"{place.drive}/root"
    notebook = good(place.get(f"{root}:/Notebook"), 200)
    assert notebook["package"] == {"type": "oneNote"}
    assert not {"file", "folder", "@microsoft.graph.downloadUrl"} & notebook.keys()
    assert place.get(place.item(notebook["id"]) + "/children").status_code == 400
    assert place.get(place.item(notebook["id"]) + "/content").status_code == 400
    kind = {"Content-Type": "text/plain"}
    answer = place.ask("PUT", f"{root}:/Notebook:/content", data=b"x", headers=kind)
    refused(answer, 409, "nameAlreadyExists")
