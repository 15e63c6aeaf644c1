"""27: copies made by the service (long-running actions; onedrive-api-docs #852, #981)."""

from __future__ import annotations

import pytest
import requests

from tests.graph.place import CONFLICT, Json, Place, good, refused

ASYNC = {"Prefer": "respond-async"}


def copy(place: Place, item: Json, query: str = "", **body: object) -> requests.Response:
    url = place.item(item["id"]) + "/copy" + query
    return place.post(url, body, headers=ASYNC)


def monitor(place: Place, answer: requests.Response) -> Json:
    assert answer.status_code == 202
    assert answer.content == b""
    return good(place.free("GET", answer.headers["Location"]), 200, 202, 303)


def test_the_monitor_tells_how_far_it_is(place: Place) -> None:
    place.server.habits.copy_seconds = 10
    item = place.put("a", b"content")
    answer = copy(place, item, name="b")
    assert monitor(place, answer)["status"] == "inProgress"
    place.server.clock.advance(4)
    assert monitor(place, answer)["percentageComplete"] == 40
    assert place.names() == ["a"]
    place.server.clock.advance(6)
    told = monitor(place, answer)
    assert (told["status"], told["percentageComplete"]) == ("completed", 100)
    assert told["resourceId"] != item["id"]
    assert place.read({"id": told["resourceId"]}) == b"content"


def test_it_may_end_with_a_303(place: Place) -> None:
    place.server.habits.copy_ends_with_303 = True
    url = copy(place, place.put("a", b"x"), name="b").headers["Location"]
    answer = place.free("GET", url)
    assert (answer.status_code, answer.json()["status"]) == (303, "completed")


def test_it_may_fail(place: Place) -> None:
    place.server.habits.copy_error = "AccessDenied_Something"
    told = monitor(place, copy(place, place.put("a", b"x"), name="b"))
    assert (told["status"], told["errorCode"]) == ("failed", "AccessDenied_Something")
    assert place.names() == ["a"]


def test_the_monitor_is_gone_after_some_hours(place: Place) -> None:
    answer = copy(place, place.put("a", b"x"), name="b")
    place.server.clock.advance(5 * 3600)
    assert place.free("GET", answer.headers["Location"]).status_code == 404


def test_a_folder_is_copied_with_all_in_it(place: Place) -> None:
    folder = place.make_folder("from")
    place.put("from/a", b"content")
    goal = place.make_folder("goal")
    parent = {"id": goal["id"], "driveId": goal["parentReference"]["driveId"]}
    assert monitor(place, copy(place, folder, parentReference=parent))["status"] == "completed"
    assert place.read(good(place.get(place.at("goal/from/a")), 200)) == b"content"


def test_a_name_that_is_taken_is_refused(place: Place) -> None:
    item = place.put("a", b"x")
    refused(copy(place, item, name="A"), 409, "nameAlreadyExists")


@pytest.mark.parametrize(
    ("conflict", "names"), [("rename", ["a", "b", "b 1"]), ("replace", ["a", "b"])]
)
def test_business_takes_a_conflict_behavior(
    business: Place, conflict: str, names: list[str]
) -> None:
    item = business.put("a", b"x")
    business.put("b", b"y")
    monitor(business, copy(business, item, f"?{CONFLICT}={conflict}", name="b"))
    assert business.names() == names


def test_personal_does_not(personal: Place) -> None:
    item = personal.put("a", b"x")
    refused(copy(personal, item, f"?{CONFLICT}=rename", name="a"), 409)


def test_times_are_not_copied(place: Place) -> None:
    item = place.put("a", b"x")
    old = {"fileSystemInfo": {"lastModifiedDateTime": "2020-01-02T03:04:05Z"}}
    place.patch(place.item(item["id"]), old)
    made = monitor(place, copy(place, item, name="b"))["resourceId"]
    told = good(place.get(place.item(made)), 200)
    assert not told["fileSystemInfo"]["lastModifiedDateTime"].startswith("2020")


def test_a_folder_is_not_copied_into_itself(place: Place) -> None:
    place.emulated_only("the real service was not asked")
    folder = place.make_folder("a")
    assert copy(place, folder, parentReference={"id": folder["id"]}).status_code == 400
