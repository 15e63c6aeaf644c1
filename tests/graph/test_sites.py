"""Sites and their libraries (site_search.md, site_get.md, drive-list)."""

from __future__ import annotations

from urllib.parse import quote

from tests.graph.place import Place, good, refused


def test_sites_are_found_and_have_libraries(business: Place) -> None:
    business.emulated_only("the names are the emulator's")
    (site,) = good(business.get("/sites?search=harb"), 200)["value"]
    assert site["displayName"] == "Harbour"
    libraries = good(business.get(f"/sites/{site['id']}/drives"), 200)["value"]
    assert [one["name"] for one in libraries] == ["Documents", "Pläne & Karten"]
    assert {one["driveType"] for one in libraries} == {"documentLibrary"}
    root = f"/drives/{quote(libraries[1]['id'], safe='')}/root"
    (item,) = good(business.get(f"{root}/children"), 200)["value"]
    assert item["parentReference"]["siteId"] == site["id"]


def test_a_site_is_reached_by_host_and_path_and_by_its_id(business: Place) -> None:
    root = good(business.get("/sites/root"), 200)
    assert good(business.get(f"/sites/{root['id']}"), 200)["id"] == root["id"]
    assert good(business.get(f"/sites/{root['id']}/drive"), 200)["driveType"] == "documentLibrary"
    business.emulated_only("the names are the emulator's")
    site = good(business.get("/sites/contoso.sharepoint.com:/sites/harbour"), 200)
    assert site["displayName"] == "Harbour"
    assert good(business.get("/sites/contoso.sharepoint.com:/sites/harbour:/drive"), 200)["id"]
    refused(business.get("/sites/contoso.sharepoint.com:/sites/nothing"), 404)


def test_a_site_is_a_prefix_of_a_drive(business: Place) -> None:
    root = good(business.get("/sites/root"), 200)
    assert "root" in good(business.get(f"/sites/{root['id']}/drive/root"), 200)


def test_sites_need_a_scope(business: Place) -> None:
    token = business.server.issue_token(scopes=("Files.ReadWrite.All",))
    refused(business.get("/sites?search=a", token=token), 403, "accessDenied")


def test_personal_accounts_have_none(personal: Place) -> None:
    assert personal.get("/sites?search=a").status_code in (400, 403)


def test_a_group_has_a_drive(business: Place) -> None:
    (group,) = business.server.world.groups
    drive = good(business.get(f"/groups/{group}/drive"), 200)
    assert good(business.get(f"/groups/{group}/drives"), 200)["value"][0]["id"] == drive["id"]
