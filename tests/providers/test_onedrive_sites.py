"""What a site of a drive may say, and where it leads."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.base import Place
from providers.environment import access_from
from providers.errors import InvalidName
from providers.location import parse, show
from providers.onedrive.options import options_of
from providers.onedrive.site import OneDriveSites
from providers.sites import Site, Sites, check

KIND = OneDriveSites()
CLIENT = "6731de76-14a6-49ae-97bc-6eba6914391e"


def place(**values: str) -> Place:
    return KIND.place(Site("work", "onedrive", values))


@pytest.mark.parametrize(
    ("values", "endpoint", "path"),
    [
        ({}, "onedrive:#work", ""),
        ({"account": "Ann@Example.com"}, "onedrive:ann@example.com#work", ""),
        ({"account": "a@b.c", "folder": "/Documents/x/"}, "onedrive:a@b.c#work", "/Documents/x"),
        ({"drive": "b!t18F8-_"}, "onedrive:b!t18F8-_#work", ""),
        (
            {"sharepoint": "https://contoso.sharepoint.com/sites/team/"},
            "onedrive:contoso.sharepoint.com/sites/team#work",
            "",
        ),
        ({"account": "a@b.us", "cloud": "us"}, "onedrive:us:a@b.us#work", ""),
    ],
)
def test_the_endpoint_says_which_drive_it_is(
    values: dict[str, str], endpoint: str, path: str
) -> None:
    assert place(**values) == Place(endpoint, path)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"account": "ann"}, "account"),
        ({"account": "a#b@c"}, "account"),
        ({"client_id": "mine"}, "client_id"),
        ({"tenant": "a/b"}, "tenant"),
        ({"drive": "a/b"}, "drive"),
        ({"drive": "x", "sharepoint": "https://h/sites/x"}, "sharepoint"),
        ({"sharepoint": "http://h/sites/x"}, "sharepoint"),
        ({"sharepoint": "https://ann:pw@h/sites/x"}, "sharepoint"),
        ({"sharepoint": "https://h/sites/x?y"}, "sharepoint"),
        ({"sharepoint": "https://[h/sites/x"}, "sharepoint"),
        ({"sign_in": "secret"}, "drive"),
        ({"sign_in": "secret", "drive": "x", "tenant": "common"}, "tenant"),
        ({"sign_in": "certificate", "drive": "x"}, "client_cert"),
        ({"cloud": "moon"}, "cloud"),
    ],
)
def test_what_cannot_be_meant_is_said_with_its_field(values: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidName) as caught:
        place(**values)
    assert caught.value.path == field
    assert "pw" not in str(caught.value)


def test_every_field_has_a_place_in_the_options() -> None:
    known = set(options_of({}).__slots__) | {"client_cert", "ca_bundle", "proxy"}
    kept_elsewhere = {"folder", "client_secret", "graph_token"}
    assert {each.name for each in KIND.fields} <= known | kept_elsewhere


@pytest.mark.parametrize("field", ["client_secret", "graph_token"])
def test_a_secret_is_never_saved_with_the_site(field: str) -> None:
    with pytest.raises(InvalidName, match="never kept in this file"):
        check(Site("work", "onedrive", {field: "canary"}))


@pytest.mark.parametrize(
    ("settings", "values"),
    [
        ({}, None),
        ({"AZURE_TENANT_ID": "t"}, None),
        ({"AZURE_CLIENT_SECRET": "s"}, None),
        ({"GRAPH_TOKEN": "t"}, {"sign_in": "token"}),
        ({"AZURE_CLIENT_ID": CLIENT}, {"sign_in": "person", "client_id": CLIENT}),
        (
            {"AZURE_CLIENT_ID": CLIENT, "AZURE_TENANT_ID": "t", "AZURE_CLIENT_SECRET": "s"},
            {"sign_in": "secret", "client_id": CLIENT, "tenant": "t"},
        ),
        ({"GRAPH_TOKEN": "t", "AZURE_CLIENT_ID": CLIENT}, {"sign_in": "token"}),
    ],
)
def test_the_settings_make_a_site(
    settings: dict[str, str], values: dict[str, str] | None, tmp_path: Path
) -> None:
    access = access_from(settings, tmp_path / "hosts", accept_new=False)
    made = [dict(site.values) for site in access.sites.all()]
    assert made == ([] if values is None else [values])


def test_an_address_without_a_site_is_that_of_the_settings() -> None:
    sites = Sites(settings={"AZURE_CLIENT_ID": CLIENT})
    assert parse("onedrive:/a/b", sites) == Place("onedrive:#env-onedrive", "/a/b")
    assert parse("OneDrive:a", sites) == Place("onedrive:#env-onedrive", "/a")
    assert parse("onedrive:", sites) == Place("onedrive:#env-onedrive", "")
    assert parse("onedrive:/a", Sites()) == Place("onedrive:", "/a")


@pytest.mark.parametrize("text", ["onedrive:/a/b c", "env-onedrive:/a"])
def test_an_address_is_shown_as_it_may_be_typed_again(text: str) -> None:
    sites = Sites(settings={"AZURE_CLIENT_ID": CLIENT})
    for known in (sites, None):
        there = parse(text, known)
        assert parse(show(there), known) == there


def test_an_app_of_the_settings_has_no_drive_and_says_so() -> None:
    sites = Sites(settings={"AZURE_CLIENT_ID": CLIENT, "AZURE_CLIENT_SECRET": "s"})
    with pytest.raises(InvalidName, match="an app has no drive of its own"):
        parse("onedrive:/", sites)
