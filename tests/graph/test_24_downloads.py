"""24: where content is, and pieces of it (driveitem-get-content; corso #3069)."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests

from tests.graph.place import Place

DATA = bytes(range(256)) * 4


@pytest.fixture
def content(place: Place) -> str:
    """The path of a file's content."""
    return place.item(place.put("a", DATA)["id"]) + "/content"


def test_content_is_somewhere_else(place: Place, content: str) -> None:
    moved = place.get(content, headers={"Range": "bytes=5-9"})
    assert moved.status_code == 302
    url = moved.headers["Location"]
    assert urlsplit(url).netloc != urlsplit(place.base).netloc
    whole = place.free("GET", url)
    assert (whole.status_code, whole.content) == (200, DATA)


@pytest.mark.parametrize(
    ("asked", "start", "end"), [("5-9", 5, 10), ("1000-", 1000, 1024), ("-3", 1021, 1024)]
)
def test_a_range_comes_alone(place: Place, content: str, asked: str, start: int, end: int) -> None:
    url = place.get(content).headers["Location"]
    part = place.free("GET", url, headers={"Range": f"bytes={asked}"})
    assert (part.status_code, part.content) == (206, DATA[start:end])
    assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(DATA)}"


def test_past_the_end_there_is_nothing(place: Place, content: str) -> None:
    url = place.get(content).headers["Location"]
    assert place.free("GET", url, headers={"Range": "bytes=1024-"}).status_code == 416


def test_a_url_expires_and_another_does_not(place: Place, content: str) -> None:
    url = place.get(content).headers["Location"]
    place.server.clock.advance(3600)
    assert place.free("GET", url).status_code == 401
    place.token = place.server.issue_token()
    url = place.get(content).headers["Location"]
    assert place.free("GET", url).status_code == 200
    place.server.expire_urls()
    assert place.free("GET", url).status_code == 401


def test_a_range_may_be_ignored(place: Place, content: str) -> None:
    place.server.habits.ignore_ranges = True
    url = place.get(content).headers["Location"]
    whole = place.free("GET", url, headers={"Range": "bytes=5-9"})
    assert (whole.status_code, whole.content) == (200, DATA)


def test_the_connection_may_end_early_or_be_slow(place: Place, content: str) -> None:
    url = place.get(content).headers["Location"]
    place.server.cut_download(100)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        place.free("GET", url)
    place.server.slow_download(300, 0.001)
    assert place.free("GET", url).content == DATA


def test_the_url_of_the_item_is_as_good(place: Place) -> None:
    item = place.put("a", DATA)
    assert place.free("GET", item["@microsoft.graph.downloadUrl"]).content == DATA


def test_a_folder_has_no_content(place: Place) -> None:
    assert place.get(place.item(place.folder["id"]) + "/content").status_code == 400


def test_an_infected_file_is_not_given(place: Place) -> None:
    item = place.put("a", DATA)
    place.server.infect(f"{place.folder['name']}/a")
    assert "malware" in place.get(place.item(item["id"])).json()
    answer = place.free("GET", item["@microsoft.graph.downloadUrl"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "malwareDetected")
    assert "X-Virus-Infected" in answer.headers
