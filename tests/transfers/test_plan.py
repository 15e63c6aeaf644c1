"""What a plan says that jobs would meet, and how few questions it asks for that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from providers.base import Capabilities, Entry, Kind, Place
from providers.errors import AuthRequired, ConnectionLost, Denied, ProviderError
from providers.memory import MemoryProvider, Store
from transfers.model import Links, NewJob, Op
from transfers.plan import Meets, look_ahead, tallies
from transfers.scan import ScanCancelled, plan_tree

SOURCE, TARGET = "memory://s", "memory://t"


class _Place(MemoryProvider):
    """Notes what it is asked. `refused`: by path, what is raised for it."""

    def __init__(self, *paths: str, folds: bool = False, near: bool = True) -> None:
        super().__init__(Store())
        self.asked: list[str] = []
        self.refused: dict[str, ProviderError] = {}
        self._folds, self._near = folds, near
        for path in paths:
            self.put(path)
        self.store.fail = self._note

    def _note(self, operation: str, path: str) -> None:
        self.asked.append(f"{operation} {path}")
        if path in self.refused:
            raise self.refused[path]

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, folds_names=self._folds, near=self._near)

    def put(self, path: str, data: bytes = b"", modified: float = 1000.0) -> None:
        parts = path.rstrip("/").split("/")
        for count in range(2, len(parts)):
            above = "/".join(parts[:count])
            if above not in self.store.nodes:
                self.store.add(above, Kind.DIR)
        if path.endswith("/"):
            self.store.add(path.rstrip("/"), Kind.DIR)
        else:
            body = bytearray(data or b"x")
            self.store.add(path, Kind.FILE, data=body, modified=modified)


def _jobs(source: _Place, target: _Place, **more: object) -> tuple[NewJob, ...]:
    entries = [entry for page in source.list_dir("/") for entry in page]
    return plan_tree(source, entries, SOURCE, target, Place(TARGET, "/in"), move=False, **more)  # type: ignore[arg-type]


def _meets(source: _Place, target: _Place, **more: object) -> dict[str, Meets]:
    target.asked.clear()
    rows = look_ahead(_jobs(source, target), target, **more)  # type: ignore[arg-type]
    return {row.job.source.path: row.meets for row in rows}


def test_each_file_is_new_the_same_or_different_by_size_and_time() -> None:
    source, target = _Place("/in/"), _Place("/in/")
    for name, there in {
        "same": (b"x", 1000.0),
        "rounded": (b"x", 998.5),  # a place that keeps every second second
        "older": (b"x", 900.0),
        "longer": (b"xx", 1000.0),
    }.items():
        source.put(f"/{name}")
        target.put(f"/in/{name}", *there)
    source.put("/new")
    del source.store.nodes["/in"]
    assert _meets(source, target) == {
        "/same": Meets.SAME,
        "/rounded": Meets.SAME,
        "/older": Meets.DIFFERENT,
        "/longer": Meets.DIFFERENT,
        "/new": Meets.NEW,
    }


@pytest.mark.parametrize(
    ("digest", "meets"), [("aa", Meets.SAME), ("bb", Meets.DIFFERENT), ("", Meets.DIFFERENT)]
)
def test_a_digest_that_both_places_tell_says_more_than_the_time(
    digest: str, meets: Meets, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = _Place("/a"), _Place()
    target.put("/in/a", modified=5.0)
    look = target.stat

    def stat(path: str, *, follow: bool = False) -> Entry:
        told: Mapping[str, str] = {"md5": digest} if digest else {}
        return replace(look(path, follow=follow), digests=told)

    monkeypatch.setattr(target, "stat", stat)
    assert _meets(source, target, digests={"/a": {"md5": "aa"}}) == {"/a": meets}


def test_a_thousand_files_cost_one_listing() -> None:
    source, target = _Place(*(f"/d/{n}" for n in range(1000))), _Place("/in/d/7", "/in/d/x")
    meets = _meets(source, target)
    assert (meets["/d/7"], meets["/d/8"]) == (Meets.SAME, Meets.NEW)
    assert target.asked == ["stat /in/d", "list_dir /in/d"]


def test_few_files_are_looked_at_without_listing_a_folder_that_may_be_huge() -> None:
    source, target = _Place("/a", "/b"), _Place("/in/a")
    assert _meets(source, target) == {"/a": Meets.SAME, "/b": Meets.NEW}
    assert target.asked == ["stat /in/a", "stat /in/b"]


class _StoresTimes(_Place):
    """Lists when a file was stored, and tells its own time when it is looked at."""

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        for page in super().list_dir(path):
            yield [replace(entry, modified=9e8) for entry in page]


def test_where_only_the_time_differs_a_far_file_is_looked_at_itself() -> None:
    source = _Place(*(f"/d/{n:03}" for n in range(200)))
    target = _StoresTimes(*(f"/in/d/{n:03}" for n in range(200)), near=False)
    meets = list(_meets(source, target).values())
    assert (meets.count(Meets.SAME), meets.count(Meets.DIFFERENT)) == (64, 136)


@pytest.mark.parametrize(("near", "looks"), [(False, 4), (True, 0)])
def test_that_is_given_up_where_it_tells_nothing_more(near: bool, looks: int) -> None:
    source, target = _Place(*(f"/d/{n}" for n in range(50))), _Place("/in/", near=near)
    for n in range(50):
        target.put(f"/in/d/{n}", modified=5.0)
    assert set(_meets(source, target).values()) == {Meets.DIFFERENT}
    assert len(target.asked) == 2 + looks  # the folder, its listing, and the files


def test_below_a_folder_that_is_missing_nothing_is_asked() -> None:
    source = _Place(*(f"/d/{n}/{m}" for n in range(30) for m in range(9)))
    target = _Place("/in/")
    assert set(_meets(source, target).values()) == {Meets.NEW}
    assert target.asked == ["stat /in/d"]


def test_a_tree_may_be_deeper_than_pythons_stack() -> None:
    source = _Place("/d" * 3000 + "/file")
    target = _Place("/in" + "/d" * 3000 + "/file")
    assert set(_meets(source, target).values()) == {Meets.SAME}


def test_what_stands_in_the_way_is_said_for_all_that_is_below_it() -> None:
    source = _Place("/a", "/d/x", "/l/y", "/empty/")
    target = _Place("/in/a/", "/in/d", "/in/elsewhere/", "/in/empty")
    target.store.add("/in/l", Kind.LINK, target="/in/elsewhere")
    assert set(_meets(source, target).values()) == {Meets.BLOCKED}


def test_an_empty_folder_is_one_whether_it_is_there_or_not() -> None:
    assert _meets(_Place("/d/"), _Place("/in/d/")) == {"/d": Meets.FOLDER}
    assert _meets(_Place("/d/"), _Place("/in/")) == {"/d": Meets.FOLDER}


def test_names_that_the_place_takes_for_one_clash_and_only_there() -> None:
    paths = [f"/d/{name}" for name in ("README", "readme", "a", "b", "c", "\u00e4", "a\u0308")]
    source = _Place(*paths)
    folding = _meets(source, _Place("/in/d/A", folds=True))
    clashing = {path for path, meets in folding.items() if meets is Meets.CLASH}
    assert clashing == {"/d/readme", "/d/a", "/d/a\u0308"}
    assert set(_meets(source, _Place("/in/d/A")).values()) == {Meets.NEW}


def test_two_jobs_of_one_name_clash_anywhere() -> None:
    source, target = _Place("/a"), _Place("/in/")
    (job,) = _jobs(source, target)
    assert [row.meets for row in look_ahead([job, job], target)] == [Meets.NEW, Meets.CLASH]


def test_what_may_not_be_looked_at_is_not_known_and_the_rest_is() -> None:
    source, target = _Place("/a", "/b", "/d/c"), _Place("/in/a", "/in/d/c")
    target.refused = {"/in/a": Denied("/in/a"), "/in/d": Denied("/in/d")}
    expected = {"/a": Meets.UNKNOWN, "/b": Meets.NEW, "/d/c": Meets.UNKNOWN}
    assert _meets(source, target) == expected


def test_a_place_that_does_not_answer_is_asked_once() -> None:
    source, target = _Place("/a", "/b"), _Place("/in/a")
    target.refused = {"/in/a": ConnectionLost("/in/a")}
    assert set(_meets(source, target).values()) == {Meets.UNKNOWN}
    assert target.asked == ["stat /in/a"]


def test_a_question_of_the_place_goes_to_the_person() -> None:
    source, target = _Place("/a"), _Place("/in/")
    target.refused = {"/in/a": AuthRequired("memory://t")}
    with pytest.raises(AuthRequired):
        _meets(source, target)


def test_it_is_given_up_within_a_listing() -> None:
    source, target = _Place(*(f"/d/{n}" for n in range(9))), _Place("/in/d/1")
    with pytest.raises(ScanCancelled):
        _meets(source, target, cancelled=lambda: "list_dir /in/d" in target.asked)


def test_progress_is_told_by_the_hundred() -> None:
    source, target = _Place(*(f"/d/{n}" for n in range(250))), _Place("/in/")
    told: list[int] = []
    _meets(source, target, on_progress=told.append)
    assert told == [100, 200]


def test_kinds_are_counted_with_their_bytes_and_what_was_left_out_too() -> None:
    source, target = _Place("/a", "/b", "/c"), _Place("/in/b")
    source.store.add("/link", Kind.LINK, target="a")
    jobs = [replace(j, size=None) if j.source.path == "/a" else j for j in _jobs(source, target)]
    found = tallies(look_ahead(jobs, target))
    assert {meets: (t.count, t.size, t.unsized) for meets, t in found.items()} == {
        Meets.NEW: (2, 1, 1),
        Meets.SAME: (1, 1, 0),
        Meets.LEFT_OUT: (1, 0, 0),
    }
    assert jobs[-1].op is Op.NOTE


def test_a_walk_shows_each_file_as_it_was_listed() -> None:
    source, target = _Place("/a", "/d/b"), _Place("/in/")
    seen: list[Entry] = []
    _jobs(source, target, on_file=seen.append)
    assert [entry.path for entry in seen] == ["/a", "/d/b"]


def test_a_link_is_the_same_only_where_one_of_its_text_stands() -> None:
    source, target = _Place(), _Place("/in/other", "/in/file")
    for name, text in {"same": "a", "other": "a", "file": "a", "new": "a"}.items():
        source.make_link(f"/{name}", text)
    target.make_link("/in/same", "a")
    jobs = _jobs(source, target, links=Links.LINK)
    found = {row.job.source.path: row.meets for row in look_ahead(jobs, target)}
    assert found == {
        "/same": Meets.SAME,
        "/other": Meets.DIFFERENT,
        "/file": Meets.DIFFERENT,
        "/new": Meets.NEW,
    }
