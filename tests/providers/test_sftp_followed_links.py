"""Servers that follow a link for LSTAT as well, as ProFTPD and copyparty do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from providers.base import ANY_VERSION, Kind
from providers.errors import NotEmpty, Unsupported, WrongKind
from providers.many import Naming, Storing
from providers.sftp.protocol import Op, string, u32
from providers.sftp.provider import SftpProvider
from tests.servers.lying_sftp import Ask, LyingSftp
from tests.servers.scripted_sftp import reply, status

KEY = "0badcafe"


class _Following:
    """A server with a folder /kept, a file /precious, and links to both, which are the same node
    under another name. `tells`: what READLINK says of an address; None: that it is no link."""

    def __init__(self) -> None:
        self.server = LyingSftp({"/precious": b"old"}, lie=self._lie)
        self.server.mkdir("/kept")
        self.server.put("/kept/file", b"inside")
        self.links = {"/to kept": "/kept", "/to precious": "/precious"}
        names = self.server.root.names
        assert names is not None
        for link, target in self.links.items():
            names[link[1:]] = names[target[1:]]

    def tells(self, path: str) -> str | None:
        return self.links.get(path)

    def _lie(self, ask: Ask, truth: Callable[[], bytes]) -> bytes:
        names = self.server.root.names
        assert names is not None
        if ask.what == "READLINK" and (target := self.tells(ask.path)) is not None:
            return reply(Op.NAME, ask.number, u32(1), string(target.encode()), string(b""), u32(0))
        if ask.what == "REMOVE" and ask.path in self.links:
            del names[ask.path[1:]]
            return status(ask.number, 0)
        return truth()


class _TellingNothing(_Following):
    """READLINK says of everything that it leads to itself, as copyparty does."""

    def tells(self, path: str) -> str | None:
        return path


@pytest.fixture(params=[_Following, _TellingNothing])
def following(request: pytest.FixtureRequest) -> _Following:
    made: _Following = request.param()
    return made


def _provider(following: _Following) -> SftpProvider:
    return following.server.provider()


def test_a_link_is_removed_and_the_tree_that_it_leads_to_is_not(following: _Following) -> None:
    provider = _provider(following)
    assert list(provider.remove_tree("/to kept")) == [None]
    assert following.server.get("/kept/file") == b"inside"
    assert "to kept" not in following.server.names("/")


def test_a_tree_is_removed_whole_all_the_same(following: _Following) -> None:
    following.server.mkdir("/kept/below")
    following.server.put("/kept/below/file", b"deep")
    assert set(_provider(following).remove_tree("/kept")) == {None}
    assert "kept" not in following.server.names("/")


def test_a_full_folder_is_not_deleted_as_if_it_were_a_link(following: _Following) -> None:
    provider = _provider(following)
    with pytest.raises(NotEmpty):
        provider.delete("/kept")
    asked = following.server.asked
    assert "REMOVE" not in asked, "some servers remove what is in it with that"


def test_a_deleted_link_leaves_the_empty_folder_it_leads_to() -> None:
    following = _Following()
    del (following.server.find("/kept").names or {})["file"]  # type: ignore[union-attr]
    _provider(following).delete("/to kept")
    assert following.server.names("/") == ["kept", "precious", "to precious"]


def test_what_such_a_link_leads_to_is_not_renamed_in_its_place() -> None:
    following = _Following()
    with pytest.raises(Unsupported, match="what it leads to"):
        _provider(following).rename("/to precious", "/new")
    assert "new" not in following.server.names("/")


def test_what_such_a_link_leads_to_is_not_replaced_in_its_place() -> None:
    following = _Following()
    provider = _provider(following)
    upload = provider.begin("/to precious", 3, key=KEY, part_size=1 << 20)
    receipts = [provider.put_part(upload, 0, 0, [b"new"])]
    with pytest.raises(Unsupported, match="what it leads to"):
        provider.finish(upload, receipts, replacing=ANY_VERSION)
    assert following.server.get("/precious") == b"old"


def test_what_such_a_link_leads_to_is_not_replaced_together_with_others() -> None:
    following = _Following()
    provider = _provider(following)
    precious = following.server.find("/precious")
    assert precious is not None
    file = Storing("/to precious", (b"new",), 3, KEY, None, None, "", False)
    (stored,) = provider.store([file])
    assert stored is not None
    (named,) = provider.name_all([Naming(stored.upload, f"3:{precious.modified}")])
    assert named is None and following.server.get("/precious") == b"old"


def test_nothing_is_written_through_such_a_link_below_the_chosen_folder() -> None:
    following = _Following()
    with pytest.raises(WrongKind):
        _provider(following).begin("/to kept/new", 1, key=KEY, part_size=1 << 20, within="/")
    assert following.server.names("/kept") == ["file"]


def test_permissions_are_not_set_through_such_a_link() -> None:
    following = _Following()
    with pytest.raises(WrongKind):
        _provider(following).set_mode("/to precious", 0o600)


def test_such_a_link_is_told_with_where_it_leads() -> None:
    entry = _provider(_Following()).stat("/to precious")
    assert (entry.kind, entry.target) == (Kind.LINK, "/precious")
