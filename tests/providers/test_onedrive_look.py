"""What a drive shows: pages, shortcuts, notebooks, what others share, SharePoint's libraries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.base import Discerning, Kind
from providers.errors import (
    ConnectionLost,
    Denied,
    NotFound,
    ProviderError,
    Throttled,
    Unsupported,
    WrongKind,
)
from providers.onedrive.spots import Spot
from tests.providers.drives import PROFILES, Drive, a_drive, got
from tests.servers.drive_place import GivenTokens, drive_at, open_drive
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer

SHARED = "/:Shared with me/Ann's papers"


@pytest.fixture(params=PROFILES)
def drive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Drive]:
    with a_drive(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Drive]:
    with a_drive("business", tmp_path) as made:
        yield made


def _hers(drive: Drive) -> Spot:
    """What the shortcut "Ann's papers" led to."""
    line = drive.server.world.shared[0]
    assert line.points_to is not None
    return Spot(*line.points_to)


def test_pages_are_followed_also_behind_an_empty_one(drive: Drive) -> None:
    for number in range(7):
        drive.server.put(f"/many/{number}", b"x")
    drive.server.habits.page_sizes = [3, 0, 2]
    assert drive.names("/many") == [str(number) for number in range(7)]


@pytest.mark.parametrize("page", [b"", b"{}", b'{"value": {}}', b'{"value": [1]}'])
def test_what_is_no_page_is_no_empty_folder(drive: Drive, page: bytes) -> None:
    drive.server.put("/folder/file", b"x")
    drive.server.fail(200, body=page, path="children")
    with pytest.raises(ConnectionLost):
        drive.names("/folder")


def test_an_answer_that_tells_nothing_is_not_taken_for_nothing_there(drive: Drive) -> None:
    for _ in range(2):  # of the drive, of the file
        drive.server.fail(200, body=b"{}", method="GET")
        with pytest.raises(ConnectionLost):
            drive.place.stat("/Documents")
        drive.place.stat("/")


def test_pages_are_asked_for_when_they_are_wanted(drive: Drive) -> None:
    for number in range(4):
        drive.server.put(f"/many/{number}", b"x")
    drive.server.habits.page_sizes = [2]
    listing = drive.place.list_dir("/many")
    assert len(next(iter(listing))) == 2
    assert sum("children" in path for _, _, path in drive.server.asked) == 1


@pytest.mark.parametrize(("status", "error"), [(500, ConnectionLost), (429, Throttled)])
def test_a_listing_that_cannot_be_had_now_is_not_asked_for_in_another_way(
    drive: Drive, status: int, error: type[ProviderError]
) -> None:
    drive.place.stat("/Documents")
    asked = len(drive.server.asked)
    drive.server.fail(status, path=":/children", times=5)
    with pytest.raises(error):
        drive.names("/Documents")
    assert len(drive.server.asked) == asked + 1


def test_letter_case_does_not_count_and_names_are_shown_as_stored(drive: Drive) -> None:
    drive.server.put("/Folder/File.TXT", b"x")
    entry = drive.place.stat("/folder/file.txt")
    assert (entry.name, entry.path) == ("File.TXT", "/folder/file.txt")


def test_a_file_reached_by_two_spellings_has_one_version(drive: Drive) -> None:
    """So that the queue does not copy a file onto itself: they are not called two files."""
    drive.server.put("/a.txt", b"x")
    assert drive.place.stat("/a.txt").version == drive.place.stat("/A.TXT").version
    assert not isinstance(drive.place, Discerning)


def test_a_notebook_is_neither_file_nor_folder(drive: Drive) -> None:
    assert drive.place.stat("/Notebook").kind is Kind.OTHER
    with pytest.raises(WrongKind):
        drive.get("/Notebook")
    with pytest.raises(WrongKind):
        drive.names("/Notebook")


def test_a_shortcut_is_a_link_that_is_followed_when_it_is_gone_into(drive: Drive) -> None:
    assert drive.place.stat("/Ann's papers").kind is Kind.LINK
    assert drive.place.stat("/Ann's papers", follow=True).kind is Kind.DIR
    assert drive.names("/Ann's papers") == ["tides.csv"]
    assert drive.get("/Ann's papers/tides.csv").startswith(b"day")


def test_what_lies_behind_a_shortcut_is_found_by_its_address_alone(drive: Drive) -> None:
    assert drive.get("/Ann's papers/tides.csv").startswith(b"day")
    assert drive.place.stat("/Ann's papers/tides.csv").kind is Kind.FILE
    with pytest.raises(NotFound):
        drive.place.stat("/Ann's papers/nothing")


def test_removing_a_shortcut_leaves_what_it_leads_to(drive: Drive) -> None:
    drive.names("/Ann's papers")
    drive.place.delete("/Ann's papers")
    assert "Ann's papers" not in drive.names("/")
    assert drive.names(SHARED) == ["tides.csv"]


def test_a_folder_that_took_the_place_of_a_shortcut_is_one_s_own(drive: Drive) -> None:
    drive.names("/Ann's papers")
    drive.place.delete("/Ann's papers")
    drive.server.make_folder("/Ann's papers/sub")
    drive.put("/Ann's papers/sub/mine", b"mine")
    assert drive.server.content("/Ann's papers/sub/mine") == b"mine"


def test_a_folder_that_others_put_in_the_place_of_a_shortcut_is_seen(drive: Drive) -> None:
    drive.names("/Ann's papers")
    drive.server.remove("/Ann's papers")
    drive.server.make_folder("/Ann's papers/sub")
    drive.names("/")
    assert drive.names("/Ann's papers") == ["sub"]
    drive.put("/Ann's papers/sub/mine", b"mine")
    assert drive.server.content("/Ann's papers/sub/mine") == b"mine"


def test_what_is_changed_below_a_folder_that_was_a_shortcut_is_one_s_own(drive: Drive) -> None:
    drive.names("/Ann's papers")
    drive.server.remove("/Ann's papers")
    for name in ("tides.csv", "b", "c"):
        drive.server.put(f"/Ann's papers/{name}", b"mine")
    drive.place.delete("/Ann's papers/tides.csv")
    with closing(open_drive(drive.server, drive.home)) as stale:
        stale._look.anchors.leads("/Ann's papers", _hers(drive))
        assert list(stale.remove_tree("/Ann's papers/b")) == [None]
        stale._look.anchors.leads("/Ann's papers", _hers(drive))
        stale.rename("/Ann's papers/c", "/c")
        stale._look.anchors.leads("/Ann's papers", _hers(drive))
        stale.make_dir("/Ann's papers/d")
    assert drive.server.names("/Ann's papers") == ["d"]
    assert drive.names(SHARED) == ["tides.csv"]


def test_what_others_share_is_not_removed_for_everybody(drive: Drive) -> None:
    for path in (SHARED, SHARED.lower()):
        (error,) = drive.place.remove_tree(path)
        assert isinstance(error, Unsupported | NotFound)
    assert drive.names(SHARED) == ["tides.csv"]
    (error,) = drive.place.remove_tree(SHARED.lower())
    assert isinstance(error, Unsupported)
    with pytest.raises(Unsupported):
        drive.place.delete(SHARED)
    assert drive.names(SHARED) == ["tides.csv"]


def test_nothing_is_written_through_a_shortcut_below_the_chosen_folder(drive: Drive) -> None:
    with pytest.raises(WrongKind):
        drive.place.begin("/Ann's papers/x", 1, key="0badcafe", part_size=1 << 20, within="/")


def test_what_others_share_is_read_and_written(drive: Drive) -> None:
    assert drive.names("/:Shared with me") == ["Ann's papers"]
    assert drive.get(f"{SHARED}/tides.csv").startswith(b"day")
    drive.put(f"{SHARED}/new", b"mine")
    assert drive.get(f"{SHARED}/new") == b"mine"


def test_links_out_of_the_drive_are_no_folders_of_it(drive: Drive) -> None:
    """Who copies a drive does not copy what others share."""
    links = [entry for page in drive.place.list_dir("/") for entry in page if ":" in entry.name]
    assert links and all(entry.kind is Kind.LINK for entry in links)
    with pytest.raises(ProviderError):
        drive.place.delete(links[0].path)


@pytest.mark.parametrize("name", ["Ann's papers", "ann's PAPERS"])
def test_what_is_shared_under_one_name_is_told_apart_in_whatever_order(
    drive: Drive, name: str
) -> None:
    drive.server.share(name, "tides.csv", b"another")
    names = drive.names("/:Shared with me")
    assert len(names) == 2
    first = {each: drive.get(f"/:Shared with me/{each}/tides.csv") for each in names}
    assert set(first.values()) == {b"another", b"day,height\n1,2.4\n"}
    drive.server.world.shared.reverse()
    with closing(open_drive(drive.server, drive.home)) as other:
        again = {each: got(other, f"/:Shared with me/{each}/tides.csv") for each in names}
    assert first == again


def test_sites_of_one_name_are_told_apart_in_whatever_order(business: Drive) -> None:
    sites = business.server.world.sites
    sites[0].name = "HARBOUR"
    names = business.names("/:SharePoint")
    first = {each: business.get(f"/:SharePoint/{each}/Documents/welcome.txt") for each in names}
    assert len(set(first.values())) == 2
    sites.reverse()
    with closing(open_drive(business.server, business.home)) as other:
        again = {each: got(other, f"/:SharePoint/{each}/Documents/welcome.txt") for each in names}
    assert first == again


def test_a_shortcut_leads_nobody_astray_whose_letters_are_merely_alike() -> None:
    with closing(drive_at("http://127.0.0.1:1/v1.0", Path(), GivenTokens("token"))) as place:
        anchors = place._look.anchors
        anchors.leads("/Masse", Spot("theirs", "1"))
        assert anchors.spot("/MASSE/x") == Spot("theirs", "1", ("x",))
        with pytest.raises(ProviderError):  # it asks which drive is its own
            anchors.spot("/Maße/x")


def test_sharepoint_has_sites_with_libraries(business: Drive) -> None:
    assert business.names("/:SharePoint") == ["Contoso", "Harbour"]
    assert business.names("/:SharePoint/Harbour") == ["Documents", "Pläne & Karten"]
    path = "/:SharePoint/Harbour/Pläne & Karten/welcome.txt"
    assert business.get(path) == b"Harbour: Pl\xc3\xa4ne & Karten\n"
    assert business.place.stat(path).kind is Kind.FILE
    with pytest.raises(Unsupported):
        business.place.delete("/:SharePoint/Harbour/Documents")
    with pytest.raises(NotFound):
        business.place.stat("/:SharePoint/Nowhere/Documents/x")


def test_a_site_of_sharepoint_shows_its_own_library(tmp_path: Path) -> None:
    address = "https://contoso.sharepoint.com/sites/harbour"
    with a_drive("business", tmp_path, sharepoint=address) as drive:
        assert drive.names("/") == [":Libraries", "welcome.txt"]
        assert drive.names("/:Libraries") == ["Documents", "Pläne & Karten"]


def test_a_drive_given_by_its_id_is_all_there_is(tmp_path: Path) -> None:
    with a_drive("business", tmp_path) as first:
        chosen = first.server.drive_id
    with a_drive("business", tmp_path, drive=chosen) as drive:
        assert "Documents" in drive.names("/")
        assert not any(":" in name for name in drive.names("/"))


@pytest.mark.parametrize("quota", ["absent", "zero", "negative"])
def test_a_quota_that_is_not_told_is_unknown(drive: Drive, quota: str) -> None:
    drive.server.habits.quota = quota
    assert drive.place.room("/").free is None


def test_room_is_told_as_it_is_now(drive: Drive) -> None:
    before = drive.place.room("/Documents").free
    drive.server.put("/Documents/file", bytes(1000))
    after = drive.place.room("/Documents/missing").free
    assert before is not None and after is not None and before - after == 1000


def _listing(script_base: list[str], link: str) -> ScriptedHttp:
    def script(ask: Ask, wire: Wire) -> None:
        body: dict[str, object] = {"id": "d", "driveType": "personal"}
        if "children" in ask.target:
            page = {"value": [{"id": "1", "name": "x", "file": {}}], "@odata.nextLink": link}
            body = {**page, "@odata.nextLink": link.replace("BASE", script_base[0])}
        wire.say(answer(200, json.dumps(body).encode()))

    return ScriptedHttp(script)


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ("http://127.0.0.1:1/v1.0/elsewhere", Denied),
        ("https://graph.microsoft.com.example/v1.0/next", Denied),
        ("BASE/v1.0/drives/d/root/children?again", Unsupported),
    ],
)
def test_a_list_goes_on_at_the_service_only_and_comes_to_an_end(
    link: str, kind: type[ProviderError], tmp_path: Path
) -> None:
    base: list[str] = []
    with _listing(base, link) as server:
        base.append(server.base)
        place = drive_at(f"{server.base}/v1.0", tmp_path, GivenTokens("secret"))
        with closing(place), pytest.raises(kind) as caught:
            list(place.list_dir("/folder"))
        assert "secret" not in str(caught.value)
        assert all("elsewhere" not in ask.target for ask in server.asks)


@pytest.mark.parametrize("name", ["..", "a/b", "", "nul\0"])
def test_a_name_that_could_lead_out_is_not_shown(name: str, tmp_path: Path) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        body: dict[str, object] = {"id": "d", "driveType": "personal"}
        if "children" in ask.target:
            body = {"value": [{"id": "1", "name": name, "file": {}}, {"id": "2", "name": "ok"}]}
        wire.say(answer(200, json.dumps(body).encode()))

    with (
        ScriptedHttp(script) as server,
        closing(drive_at(f"{server.base}/v1.0", tmp_path, GivenTokens("secret"))) as place,
    ):
        shown = [entry.name for page in place.list_dir("/folder") for entry in page]
    assert shown == ["ok"]


def test_sites_that_the_sign_in_did_not_ask_for_are_said_to_be_that(
    business: Drive, tmp_path: Path
) -> None:
    """A person's scopes have them only where the site names one: nobody has to share anything."""
    token = business.server.issue_token(scopes=("Files.ReadWrite.All", "User.Read"))
    with closing(open_drive(business.server, tmp_path, tokens=GivenTokens(token))) as place:
        assert "/:SharePoint" in [entry.path for page in place.list_dir("/") for entry in page]
        with pytest.raises(Denied, match="did not ask for SharePoint") as caught:
            list(place.list_dir("/:SharePoint"))
    assert "“SharePoint site”" in caught.value.advice
    assert "share it" not in caught.value.advice
