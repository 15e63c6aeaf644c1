"""01: the drive says who it is and how full (drive.md, quota.md)."""

from __future__ import annotations

from tests.graph.place import Place, good


def test_my_drive_has_an_id_a_kind_an_owner_and_a_quota(place: Place) -> None:
    drive = good(place.get("/me/drive"), 200)
    assert drive["id"]
    assert drive["driveType"] in ("personal", "business")
    assert drive["owner"]["user"]["displayName"]
    quota = drive["quota"]
    assert quota["total"] >= quota["used"] >= 0
    assert {"remaining", "deleted"} <= quota.keys()
    assert quota["state"] in ("normal", "nearing", "critical", "exceeded")


def test_it_is_the_same_by_its_id_and_among_my_drives(place: Place) -> None:
    drive = good(place.get("/me/drive"), 200)
    assert good(place.get(place.drive), 200)["id"] == drive["id"]
    assert drive["id"] in [one["id"] for one in good(place.get("/me/drives"), 200)["value"]]


def test_the_state_follows_what_is_left(place: Place) -> None:
    place.put("a", b"x" * 95)
    for total, state in ((10_000, "normal"), (105, "nearing"), (95, "exceeded")):
        place.server.set_quota(total)
        assert good(place.get("/me/drive"), 200)["quota"]["state"] == state
