"""Saved sites: what a person writes by hand stays, and what is wrong is said with its line."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from providers.base import Place
from providers.environment import default_endpoint
from providers.errors import InvalidName, Unsupported
from providers.registry import kinds
from providers.sites import BadSites, Field, Site, Sites

WORK = Site("work", "sftp", {"host": "h.example", "user": "ann"})
KEYED = Site("keyed", "sftp", {"host": "h.example", "user": "ann", "key": "~/.ssh/k"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sites.toml"


@pytest.fixture
def sites(path: Path) -> Sites:
    return Sites(path)


def table(name: str, **values: str) -> str:
    lines = [f"[{name}]", 'kind = "sftp"', *(f'{key} = "{value}"' for key, value in values.items())]
    return "\n".join(lines) + "\n"


# Saving and reading ---------------------------------------------------------------------------


def test_without_a_file_there_are_none(sites: Sites) -> None:
    assert sites.all() == () and sites.get("work") is None and sites.problems() == ()


def test_a_saved_site_is_there_for_whoever_reads_the_file(sites: Sites, path: Path) -> None:
    sites.add(WORK)
    assert Sites(path).get("work") == WORK
    assert sites.place(WORK) == Place("sftp://ann@h.example:22", "/~")


@pytest.mark.skipif(os.name == "nt", reason="modes are a POSIX matter")
def test_the_file_is_its_owners_alone(sites: Sites, path: Path) -> None:
    path.write_text(table("other", host="x"))
    path.chmod(0o644)
    sites.add(WORK)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    names = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert names == {path.name: 0o600, f"{path.name}.lock": 0o600}


def test_what_changes_in_the_file_is_seen_at_once(sites: Sites, path: Path) -> None:
    sites.add(WORK)
    assert sites.get("work") == WORK
    path.write_text(table("work", host="other.example"))
    found = sites.get("work")
    assert found is not None and found.values == {"host": "other.example"}


def test_values_are_read_as_a_person_writes_them(sites: Sites, path: Path) -> None:
    path.write_text(
        '[a1]\nkind = "sftp"\nhost = "h"\nport = 2200\nuser = ""\n'
        '[b1]\nkind = "http"\nurl = "https://h/"\nnetrc = true\nheaders = ["X-A: 1", "X-B: 2"]\n'
    )
    assert sites.problems() == ()
    first, second = sites.all()
    assert first.values == {"host": "h", "port": "2200"}
    assert second.values == {"url": "https://h/", "netrc": "yes", "headers": "X-A: 1\nX-B: 2"}


def test_comments_order_and_the_rest_stay_when_a_site_changes(sites: Sites, path: Path) -> None:
    before = (
        "# my places\n\n[first] # a\nkind = 'sftp'   # as ever\nhost = \"one\" # old\nport = 22\n\n"
        '# about the second\n[second]\nkind="sftp"\nhost="two"\n'
    )
    path.write_text(before)
    sites.add(Site("first", "sftp", {"host": "uno", "port": "22"}))
    assert path.read_text() == before.replace('"one"', '"uno"')
    sites.add(Site("first", "sftp", {"host": "uno"}))
    assert path.read_text() == before.replace('"one"', '"uno"').replace("port = 22\n", "")
    sites.add(WORK)
    assert path.read_text().startswith(before.split("[first]")[0])
    assert [site.name for site in sites.all()] == ["first", "second", "work"]


def test_a_removed_site_leaves_the_comments_of_the_next(sites: Sites, path: Path) -> None:
    path.write_text("# top\n" + table("one", host="1") + "\n# about two\n" + table("two", host="2"))
    sites.remove("one")
    assert path.read_text() == "# top\n# about two\n" + table("two", host="2")
    sites.remove("two")
    assert sites.all() == () and path.read_text().startswith("# top\n")


def test_a_site_written_in_a_way_of_its_own_is_removed_as_well(sites: Sites, path: Path) -> None:
    path.write_text('one = { kind = "sftp", host = "1" }\n' + table("two", host="2"))
    assert [site.name for site in sites.all()] == ["one", "two"]
    sites.remove("one")
    assert [site.name for site in sites.all()] == ["two"]


def test_what_is_not_there_cannot_be_removed(sites: Sites) -> None:
    with pytest.raises(InvalidName, match="no saved site"):
        sites.remove("work")


def test_many_may_add_at_once(sites: Sites) -> None:
    names = [f"site{number}" for number in range(12)]
    threads = [
        threading.Thread(target=lambda n=name: sites.add(Site(n, "sftp", {"host": n})))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {site.name for site in sites.all()} == set(names)


def test_several_processes_may_add_at_once(path: Path) -> None:
    at_once = [subprocess.Popen([sys.executable, "-c", _ADDS, str(path), who]) for who in "abcd"]
    assert [process.wait(60) for process in at_once] == [0] * len(at_once)
    assert len(Sites(path).all()) == len(at_once) * 10


_ADDS = """
import sys
from pathlib import Path
from providers.sites import Site, Sites
for number in range(10):
    Sites(Path(sys.argv[1])).add(Site(f"{sys.argv[2]}{number}", "sftp", {"host": "h"}))
"""


def test_a_file_is_saved_with_a_path_that_is_right_from_every_folder(
    sites: Sites, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    values = {"url": "https://h/", "client_cert": "me.pem", "ca_bundle": "~/ca.pem"}
    saved = sites.add(Site("web", "http", values))
    monkeypatch.chdir(tmp_path)  # the queue runs in a folder of its own
    here = str(tmp_path / "here" / "me.pem")
    assert saved.values == {**values, "client_cert": here}
    assert Sites(path).get("web") == saved
    key = sites.add(Site("ssh", "sftp", {"host": "h", "key": "id"}))
    assert key.values["key"] == str(tmp_path / "id")


def test_a_file_that_was_written_by_hand_is_found_from_the_folder_of_the_sites(
    sites: Sites, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text('[web]\nkind = "http"\nurl = "https://h/"\nca_bundle = "certs/ca.pem"\n')
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = sites.get("web")
    assert found is not None
    assert found.values["ca_bundle"] == str(path.parent / "certs" / "ca.pem")


def test_without_a_path_nothing_is_kept() -> None:
    with pytest.raises(BadSites, match="no sites are kept here"):
        Sites().add(WORK)


# Mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[a1]\nkind = "sftp"\nhost = \n', "line 3 is not TOML"),
        ("[a1]\nkind\n", "line 2 is not TOML"),
        ('[a1]\nkind = "sftp"\n[a1]\n', "line 3 is not TOML"),
        ("[a1\n", "line 1 is not TOML"),
        ("\x00", "not TOML"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_with_its_line_and_left_alone(
    sites: Sites, path: Path, text: str, says: str
) -> None:
    path.write_text(text)
    (problem,) = sites.problems()
    assert says in problem and str(path) in problem and problem.isprintable()
    assert sites.all() == ()
    for change in (lambda: sites.add(WORK), lambda: sites.remove("a1"), lambda: sites.get("work")):
        with pytest.raises(BadSites, match=r"line|TOML"):
            change()
    assert path.read_text() == text


def test_text_that_is_no_text_is_said_with_its_line(sites: Sites, path: Path) -> None:
    path.write_bytes(b'# fine\n[a1]\nhost = "\xff"\n')
    assert "line 3 is not UTF-8" in sites.problems()[0]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('hots = "x"', "line 3: site “bad”: SFTP sites have no “hots”"),
        ('user = "ann"', "line 1: site “bad”: Host is missing"),
        ('host = "h"\nport = 99999', "line 4: site “bad”: “99999” is not a port"),
        ('host = "h"\nport = 2.5', "line 4: site “bad”: “port” must be text"),
        ('host = "-oProxyCommand=x"', "line 3: site “bad”"),
        ('host = "a/b"', "line 3: site “bad”"),
        ('host = "h"\npassword = "canary-1"', "line 4: site “bad”: a secret is never kept"),
        ('host = "h"\nuser = "\\u001b[31m"', "line 4: site “bad”: “\\x1b[31m” is not a user name"),
    ],
)
def test_a_mistake_is_said_with_its_line_and_hides_only_its_own_site(
    sites: Sites, path: Path, lines: str, says: str
) -> None:
    path.write_text(f'[bad]\nkind = "sftp"\n{lines}\n\n' + table("good", host="h"))
    (problem,) = sites.problems()
    assert says in problem and problem.isprintable() and "canary" not in problem
    assert [site.name for site in sites.all()] == ["good"]
    with pytest.raises(BadSites, match="bad"):
        sites.get("bad")
    sites.add(WORK)  # around the mistake, which stays for its owner to correct
    assert lines in path.read_text()
    sites.remove("bad")
    assert sites.problems() == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[a1]\nkind = "ftp"\n', "line 2: site “a1”: “ftp” is not a kind of site"),
        ('[a1]\nhost = "x"\n', "is not a kind of site"),
        ('\nhost = "x"\n', "line 2: site “host”: this does not belong to a site"),
        ('[my.site]\nkind = "sftp"\n', 'as in ["my.site"]'),
        ('["My Site"]\nkind = "sftp"\nhost = "x"\n', "cannot be the name of a site"),
    ],
)
def test_other_mistakes_have_their_sentence(sites: Sites, path: Path, text: str, says: str) -> None:
    path.write_text(text)
    assert says in sites.problems()[0]
    assert sites.all() == ()


@pytest.mark.parametrize(
    "name", ["", "a", "A1", "a b", "sftp", "file", "-a", "a/b", "a:b", "x" * 65]
)
def test_a_name_that_could_be_something_else_is_refused(sites: Sites, name: str) -> None:
    with pytest.raises(InvalidName) as caught:
        sites.add(Site(name, "sftp", {"host": "h"}))
    assert caught.value.path == "name"
    assert sites.all() == ()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "host"),
        ({"host": "h", "port": "0"}, "port"),
        ({"host": "h", "user": "-a"}, "user"),
        ({"host": "h", "colour": "red"}, "colour"),
        ({"host": "h", "password": "canary-2"}, "password"),
    ],
)
def test_what_cannot_be_saved_names_its_field(
    sites: Sites, path: Path, values: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidName) as caught:
        sites.add(Site("work", "sftp", values))
    assert caught.value.path == field
    assert not path.exists()


# Endpoints and options ------------------------------------------------------------------------


def test_an_endpoint_without_a_site_has_no_options(sites: Sites) -> None:
    assert sites.options("sftp://h:22") == {}


def test_what_the_address_cannot_say_is_found_through_the_endpoint(sites: Sites) -> None:
    sites.add(KEYED)
    place = sites.place(KEYED)
    assert place.endpoint == "sftp://ann@h.example:22#keyed"
    assert sites.options(place.endpoint) == KEYED.values


def test_a_job_never_goes_to_another_server_than_the_journal_says(sites: Sites) -> None:
    sites.add(KEYED)
    endpoint = sites.place(KEYED).endpoint
    sites.add(Site("keyed", "sftp", {**KEYED.values, "host": "evil.example"}))
    with pytest.raises(Unsupported, match="has another address now"):
        sites.options(endpoint)
    sites.remove("keyed")
    with pytest.raises(Unsupported, match="there is no site “keyed” any more"):
        sites.options(endpoint)


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer canary",
        "authorization : canary",
        "Proxy-Authorization: Basic canary",
        "Cookie: session=canary",
        "X-Api-Key: canary",
        "Api-Key: canary",
        "X-Auth-Token: canary",
        "Private-Token: canary",
        "X-Client-Secret: canary",
        "X-Team: blue; X-Api-Key: canary",
    ],
)
@pytest.mark.parametrize("kind", ["http", "webdav"])
def test_a_secret_in_a_header_is_refused_and_not_repeated(
    sites: Sites, path: Path, header: str, kind: str
) -> None:
    values = {"url": "https://h/", "headers": header}
    with pytest.raises(InvalidName, match="wharfie login") as caught:
        sites.add(Site("web", kind, values))
    assert caught.value.path == "headers" and "canary" not in str(caught.value)
    assert not path.exists()
    path.write_text(f'[web]\nkind = "{kind}"\nurl = "https://h/"\nheaders = "{header}"\n')
    (problem,) = sites.problems()
    assert "line 4: site “web”" in problem and "canary" not in problem
    assert sites.all() == ()


@pytest.mark.parametrize(
    "headers",
    [
        "Authorization: Bearer {token}",
        "Cookie: session={token}; X-Team: blue",
        "X-Api-Key: {token}",
        "X-Monkey: see",
        "X-Requested-With: XMLHttpRequest\nAccept-Language: de",
    ],
)
def test_other_headers_are_kept_as_they_are(sites: Sites, headers: str) -> None:
    saved = sites.add(Site("web", "http", {"url": "https://h/", "headers": headers}))
    assert saved.values["headers"] == headers


def test_every_kind_describes_itself_completely() -> None:
    for name, kind in kinds().items():
        assert kind.kind == name and kind.title
        names = [field.name for field in kind.fields]
        assert len(set(names)) == len(names)
        assert kind.fields
        assert all(isinstance(field, Field) and field.label for field in kind.fields)
        assert not {"kind", "name"} & set(names)


# The environment's ----------------------------------------------------------------------------


def test_settings_make_sites_by_themselves(path: Path) -> None:
    settings = {"SFTP_HOST": "box", "SFTP_PORT": "2222", "SFTP_USER": "bob"}
    sites = Sites(path, settings | {"FILE_URL": "sftp://eve@[::1]:7/srv/x"})
    places = {site.name: sites.place(site) for site in sites.all()}
    assert places == {
        "env-sftp": Place("sftp://bob@box:2222", "/~"),
        "env-url": Place("sftp://eve@[::1]:7", "/srv/x"),
    }
    assert {site.origin for site in sites.all()} == {"environment"}
    assert not path.exists()


def test_the_settings_choose_the_ssh_program_for_both_their_sites(path: Path) -> None:
    settings = {"SFTP_HOST": "box", "SFTP_TRANSPORT": "openssh"}
    sites = Sites(path, settings | {"FILE_URL": "sftp://eve@h/srv/x"})
    assert {site.name: sites.place(site) for site in sites.all()} == {
        "env-sftp": Place("sftp://box:22#env-sftp", "/~"),
        "env-url": Place("sftp://eve@h:22#env-url", "/srv/x"),
    }
    assert sites.options("sftp://box:22#env-sftp")["transport"] == "openssh"
    assert default_endpoint(settings) == "env-sftp:"


def test_another_connection_than_there_is_is_never_passed_over(path: Path) -> None:
    sites = Sites(path, {"SFTP_HOST": "box", "SFTP_TRANSPORT": "OpenSSH"})
    (site,) = sites.all()
    with pytest.raises(InvalidName, match="“OpenSSH” is no connection"):
        sites.place(site)
    path.write_text('[abc]\nkind = "sftp"\nhost = "h"\ntransport = "ssh"\n')
    (problem,) = Sites(path).problems()
    assert "“ssh” is not a choice" in problem


@pytest.mark.parametrize(
    ("url", "kind", "place"),
    [
        ("https://h/pub/x", "http", Place("https://h", "/pub/x")),
        ("http://h:8080", "http", Place("http://h:8080", "/")),
        ("davs://ann@h/files", "webdav", Place("davs://ann@h", "/files")),
        ("sftp://h", "sftp", Place("sftp://h:22", "/~")),
    ],
)
def test_an_address_in_the_settings_is_a_site_of_its_kind(
    url: str, kind: str, place: Place
) -> None:
    sites = Sites(None, {"FILE_URL": url})
    (site,) = sites.all()
    assert (site.kind, sites.place(site)) == (kind, place)


def test_settings_that_cannot_be_used_say_so_only_when_they_are(path: Path) -> None:
    sites = Sites(path, {"SFTP_HOST": "-bad", "FILE_URL": "not an address"})
    (site,) = sites.all()
    with pytest.raises(InvalidName):
        sites.place(site)


def test_a_saved_site_hides_one_of_the_settings_of_its_name(path: Path) -> None:
    sites = Sites(path, {"SFTP_HOST": "box"})
    sites.add(Site("env-sftp", "sftp", {"host": "mine"}))
    assert [(site.origin, site.values["host"]) for site in sites.all()] == [("file", "mine")]
    sites.remove("env-sftp")
    assert [site.origin for site in sites.all()] == ["environment"]


def test_the_settings_sites_are_found_whatever_the_file_says(path: Path) -> None:
    path.write_text("[")
    sites = Sites(path, {"SFTP_HOST": "box"})
    assert sites.get("env-sftp") is not None
    assert [site.name for site in sites.all()] == ["env-sftp"]
