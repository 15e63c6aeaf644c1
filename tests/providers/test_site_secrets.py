"""No secret outlives the site it was kept for, and none goes to another server with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.access import Access, Secrets
from providers.errors import Secret
from providers.site_secrets import remove, save, secrets_of
from providers.sites import Site, Sites
from providers.vault import FileVault, KeyringVault, Vault
from tests.servers import keyrings

SECRET = "canary-91ce"
WEB = Site("web", "http", {"url": "https://ann@h/", "auth": "basic"})
PLAIN = Site("one", "http", {"url": "https://ann@h/"})


@pytest.fixture(params=["keyring", "file"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    if request.param == "file":
        return FileVault(tmp_path / "secrets.json")
    return KeyringVault(keyrings.Good())


@pytest.fixture
def access(vault: Vault, tmp_path: Path) -> Access:
    settings = {"SFTP_HOST": "-unusable"}
    sites = Sites(tmp_path / "sites.toml", settings)
    return Access(tmp_path / "hosts", secrets=Secrets(vault), sites=sites)


def keep(access: Access, site: Site, needs: Secret = "password", subject: str = "") -> str:
    """Keep SECRET for `site`; its endpoint."""
    endpoint = access.sites.place(site).endpoint
    access.secrets.put(endpoint, needs, SECRET, subject, keep=True)
    return endpoint


def held(access: Access, endpoint: str, needs: Secret = "password", subject: str = "") -> bool:
    """Whether a later run would find it."""
    return Secrets(access.secrets.vault).get(endpoint, needs, subject) is not None


@pytest.mark.parametrize(
    ("kind", "values", "needs"),
    [
        ("http", {"url": "https://h/", "client_cert": "/c.pem"}, "passphrase"),
        ("webdav", {"url": "https://h/", "client_cert": "/c.pem"}, "passphrase"),
        ("sftp", {"host": "h", "key": "/c.pem"}, "passphrase"),
        ("http", {"url": "https://h/", "auth": "bearer"}, "token"),
        ("sftp", {"host": "h"}, "password"),
    ],
)
def test_everything_that_was_kept_goes_with_the_site(
    access: Access, kind: str, values: dict[str, str], needs: Secret
) -> None:
    site = save(Site("site", kind, values), access)
    subject = "/c.pem" if needs == "passphrase" else ""
    assert (needs, subject) in secrets_of(site)
    endpoint = keep(access, site, needs, subject)
    remove("site", access)
    assert not held(access, endpoint, needs, subject)
    assert access.secrets.of(endpoint) == ()


def test_a_passphrase_is_for_the_file_as_the_provider_names_it(
    access: Access, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    saved = save(Site("cert", "http", {"url": "https://h/", "client_cert": "my.pem"}), access)
    assert ("passphrase", str(tmp_path / "my.pem")) in secrets_of(saved)
    saved = save(Site("cert", "http", {"url": "https://h/", "client_cert": "~/my.pem"}), access)
    assert ("passphrase", str(Path.home() / "my.pem")) in secrets_of(saved)


@pytest.mark.parametrize("url", ["https://ann@other/", "https://eve@h/", "http://ann@h/"])
def test_what_was_kept_never_goes_to_another_address_or_user(access: Access, url: str) -> None:
    save(WEB, access)
    before = keep(access, WEB)
    moved = save(Site("web", "http", {"url": url, "auth": "basic"}), access)
    assert not held(access, before)
    assert not held(access, access.sites.place(moved).endpoint)


def test_what_was_kept_goes_along_while_address_and_user_stay(access: Access) -> None:
    save(Site("web", "http", {"url": "https://ann@h/"}), access)
    before = keep(access, Site("web", "http", {"url": "https://ann@h/"}))
    after = access.sites.place(save(WEB, access)).endpoint
    assert before != after
    assert held(access, after) and not held(access, before)


def test_what_is_of_this_run_only_is_not_kept_by_an_edit(access: Access) -> None:
    save(Site("web", "http", {"url": "https://ann@h/"}), access)
    access.secrets.put("https://ann@h", "password", SECRET)
    after = access.sites.place(save(WEB, access)).endpoint
    assert access.secrets.get(after, "password") == SECRET
    assert not held(access, after)


def test_a_change_that_leaves_the_address_leaves_the_secrets(access: Access) -> None:
    save(WEB, access)
    endpoint = keep(access, WEB)
    save(Site("web", "http", {**WEB.values, "url": "https://ann@h/below/"}), access)
    assert held(access, endpoint)


def test_the_passphrase_of_another_file_goes(access: Access) -> None:
    values = {"url": "https://h/", "client_cert": "/old.pem"}
    site = save(Site("cert", "http", values), access)
    endpoint = keep(access, site, "passphrase", "/old.pem")
    save(Site("cert", "http", {**values, "client_cert": "/new.pem"}), access)
    assert not held(access, endpoint, "passphrase", "/old.pem")


def test_two_sites_of_one_address_do_not_take_each_others_secrets(access: Access) -> None:
    for name in ("one", "two", "three"):
        save(Site(name, "http", PLAIN.values), access)
    endpoint = keep(access, PLAIN)
    remove("one", access)
    assert held(access, endpoint)
    save(Site("two", "http", {"url": "https://other/"}), access)
    assert held(access, endpoint)
    remove("three", access)
    assert not held(access, endpoint)


def test_a_site_of_the_environment_keeps_what_a_removed_one_shared(tmp_path: Path) -> None:
    vault = FileVault(tmp_path / "secrets.json")
    sites = Sites(tmp_path / "sites.toml", {"FILE_URL": "https://ann@h/"})
    access = Access(tmp_path / "hosts", secrets=Secrets(vault), sites=sites)
    save(PLAIN, access)
    endpoint = keep(access, PLAIN)
    remove("one", access)
    assert held(access, endpoint)
