"""A tree to jobs: what is planned, what is left out and said so, what is refused."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

import pytest

from providers.base import Entry, Kind, Place
from providers.errors import ConnectionLost, Denied, InvalidName, NotFound, ProviderError
from providers.memory import MemoryProvider, Store
from transfers.model import Links, NewJob, Op
from transfers.scan import ScanCancelled, plan_link, plan_one, plan_tree

SOURCE = "memory://s"
TARGET = "memory://t"


def _tree(*paths: str) -> MemoryProvider:
    """Files at these paths, directories where they end in "/"."""
    provider = MemoryProvider(Store())
    for path in paths:
        missing = path.rstrip("/") if path.endswith("/") else posixpath.dirname(path)
        for above in _and_above(missing):
            if above not in provider.store.nodes:
                provider.make_dir(above)
        if not path.endswith("/"):
            provider.store.add(path, Kind.FILE, data=bytearray(b"x" * len(path)))
    return provider


def _and_above(path: str) -> list[str]:
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[: n + 1]) for n in range(len(parts))]


def _plan(
    source: MemoryProvider, *names: str, move: bool = False, **more: object
) -> tuple[NewJob, ...]:
    entries = [source.stat(f"/{name}") for name in names]
    to = Place(TARGET, "/in")
    return plan_tree(source, entries, SOURCE, _tree("/in/"), to, move=move, **more)  # type: ignore[arg-type]


def _short(jobs: Sequence[NewJob]) -> list[tuple[str, str, str]]:
    return [(str(job.op), job.source.path, job.target.path) for job in jobs]


def test_files_of_a_tree_keep_their_places_below_the_target() -> None:
    jobs = _plan(_tree("/d/a", "/d/e/b", "/f"), "d", "f")
    assert sorted(_short(jobs)) == [
        ("copy", "/d/a", "/in/d/a"),
        ("copy", "/d/e/b", "/in/d/e/b"),
        ("copy", "/f", "/in/f"),
    ]
    assert {(job.source.endpoint, job.target.endpoint) for job in jobs} == {(SOURCE, TARGET)}


def test_a_job_knows_what_its_source_was_when_it_was_planned() -> None:
    source = _tree("/a")
    entry = source.stat("/a")
    (job,) = _plan(source, "a")
    assert (job.size, job.source_version) == (entry.size, entry.version)
    assert (job.modified, job.mode) == (entry.modified, entry.mode)


def test_an_empty_directory_is_made() -> None:
    assert sorted(_short(_plan(_tree("/d/e/", "/d/a"), "d"))) == [
        ("copy", "/d/a", "/in/d/a"),
        ("mkdir", "/d/e", "/in/d/e"),
    ]


def test_links_and_devices_are_noted_with_the_reason() -> None:
    source = _tree("/d/a")
    source.make_link("/d/link", "a")
    source.store.add("/d/pipe", Kind.OTHER)
    notes = {job.source.path: job for job in _plan(source, "d") if job.op is Op.NOTE}
    assert set(notes) == {"/d/link", "/d/pipe"}
    assert "link" in notes["/d/link"].note
    assert "pipe" in notes["/d/pipe"].note
    assert not any(job.failed for job in notes.values())


def test_a_directory_that_holds_only_links_is_still_made() -> None:
    source = _tree("/d/")
    source.make_link("/d/link", "nowhere")
    assert sorted(str(job.op) for job in _plan(source, "d")) == ["mkdir", "note"]


class Hostile(MemoryProvider):
    """A server that sends names of its own choice."""

    def __init__(self, *names: str) -> None:
        super().__init__(Store())
        self.make_dir("/d")
        self.names = names

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        yield [Entry(path=f"{path}/{n}", name=n, kind=Kind.FILE, size=1) for n in self.names]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\0b", "..\x1b]0;x\x07/y"]
)
def test_a_hostile_name_is_refused_as_a_failed_note_and_the_rest_goes_on(name: str) -> None:
    refused, copied = _plan(Hostile(name, "good"), "d")
    assert (refused.op, refused.failed, refused.target.path) == (Op.NOTE, True, "/in/d")
    assert refused.note.isprintable()
    assert (copied.op, copied.target.path) == (Op.COPY, "/in/d/good")


def test_a_hostile_directory_is_refused_with_all_below_it() -> None:
    class Deep(Hostile):
        def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
            assert path == "/d"
            yield [Entry(path="/d/x", name="..", kind=Kind.DIR)]

    assert [(job.op, job.failed) for job in _plan(Deep(), "d")] == [(Op.NOTE, True)]


def test_odd_names_are_carried_as_they_are() -> None:
    odd = ["a b", "-rf", "x\n", "\udcff", "[red]", "e\u0301", "~", "*"]
    jobs = _plan(Hostile(*odd), "d")
    assert [job.target.path for job in jobs] == [f"/in/d/{name}" for name in odd]


@pytest.mark.parametrize("target", ["/d", "/d/", "/d/e", "/d/../d/e/f", "//d/e"])
def test_a_directory_is_not_copied_into_itself(target: str) -> None:
    source = _tree("/d/e/f/")
    with pytest.raises(InvalidName, match="into itself"):
        plan_tree(source, [source.stat("/d")], SOURCE, source, Place(SOURCE, target), move=False)


def test_a_directory_may_be_copied_beside_itself_and_to_the_same_path_elsewhere() -> None:
    source = _tree("/d/a", "/d2/")
    entries = [source.stat("/d")]
    assert plan_tree(source, entries, SOURCE, source, Place(SOURCE, "/d2"), move=False)
    assert plan_tree(source, entries, SOURCE, _tree("/d/"), Place(TARGET, "/d"), move=False)


def test_a_tree_deeper_than_python_recurses_is_planned() -> None:
    source = MemoryProvider(Store())
    path = ""
    for _ in range(3000):
        path += "/d"
        source.make_dir(path)

    class Fast(MemoryProvider):
        def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
            if f"{path}/d" in self.store.nodes:
                yield [self.stat(f"{path}/d")]

    jobs = _plan(Fast(source.store), "d", move=True)
    assert [job.op for job in jobs] == [Op.MAKE_DIR] + [Op.REMOVE_DIR] * 3000


def test_a_move_removes_directories_last_and_children_first() -> None:
    source = _tree("/d/e/f/x", "/d/g/y", "/d/z")
    jobs = _plan(source, "d", move=True)
    assert [job.op for job in jobs] == [Op.MOVE] * 3 + [Op.REMOVE_DIR] * 4
    removed = [job.source.path for job in jobs[3:]]
    assert set(removed) == {"/d", "/d/e", "/d/e/f", "/d/g"}
    for place, path in enumerate(removed):
        assert posixpath.dirname(path) not in removed[:place]


def test_progress_is_told_and_a_plan_can_be_given_up() -> None:
    source = _tree(*(f"/d/{n}" for n in range(250)))
    seen: list[int] = []
    _plan(source, "d", on_progress=seen.append)
    assert seen == [100, 200]
    with pytest.raises(ScanCancelled):
        _plan(source, "d", on_progress=seen.append, cancelled=lambda: len(seen) > 2)
    assert seen == [100, 200, 100]


@pytest.mark.parametrize("error", [NotFound, Denied])
def test_a_folder_that_cannot_be_read_is_a_failed_note_and_the_rest_goes_on(
    error: type[ProviderError],
) -> None:
    source = _tree("/d/shut/a", "/d/b")

    def fail(operation: str, path: str) -> None:
        if (operation, path) == ("list_dir", "/d/shut"):
            raise error(path)

    source.store.fail = fail
    jobs = _plan(source, "d", move=True)
    assert _short(jobs) == [
        ("move", "/d/b", "/in/d/b"),
        ("note", "/d/shut", "/in/d/shut"),
        ("rmdir", "/d", "/in/d"),
    ]
    assert [job.note for job in jobs if job.failed] == [
        f"this folder could not be read: {error.what}"
    ]


def test_a_lost_connection_ends_the_planning() -> None:
    source = _tree("/d/a")

    def fail(operation: str, path: str) -> None:
        if operation == "list_dir":
            raise ConnectionLost(path)

    source.store.fail = fail
    with pytest.raises(ConnectionLost):
        _plan(source, "d")


def test_one_file_goes_to_exactly_the_name_it_was_given() -> None:
    entry = _tree("/a").stat("/a")
    target = Place(TARGET, "/other")
    (job,) = plan_one(Place(SOURCE, "/a"), entry, target, move=True)
    assert (job.op, job.source, job.target) == (Op.MOVE, Place(SOURCE, "/a"), target)


# Links -------------------------------------------------------------------------------------------


def _linked() -> MemoryProvider:
    source = _tree("/d/e/", "/d/a", "/out/b", "/out/deep/c")
    for path, text in (("/d/file", "a"), ("/d/dir", "/out"), ("/d/e/nowhere", "missing")):
        source.make_link(path, text)
    return source


@pytest.mark.parametrize(("move", "op"), [(False, "link"), (True, "move link")])
def test_links_are_planned_as_links_and_say_where_they_lead(move: bool, op: str) -> None:
    jobs = [job for job in _plan(_linked(), "d", move=move, links=Links.LINK) if job.leads]
    assert sorted((str(job.op), job.target.path, job.leads) for job in jobs) == [
        (op, "/in/d/dir", "/out"),
        (op, "/in/d/e/nowhere", "missing"),
        (op, "/in/d/file", "a"),
    ]
    assert {job.within for job in jobs} == {"/in"}


def test_links_are_noted_where_the_target_has_none() -> None:
    class Plain(MemoryProvider):
        make_link = None  # type: ignore[assignment]

    source, target = _linked(), Plain(Store())
    to = Place(TARGET, "/")
    jobs = plan_tree(source, [source.stat("/d")], SOURCE, target, to, move=False, links=Links.LINK)
    notes = [(job.note, job.failed) for job in jobs if job.op is Op.NOTE]
    assert notes == [("a link: the target has none", False)] * 3


@pytest.mark.parametrize("move", [False, True])
def test_what_links_lead_to_is_copied_and_never_moved(move: bool) -> None:
    jobs = _plan(_linked(), "d", move=move, links=Links.FOLLOW)
    copied = sorted(short for short in _short(jobs) if short[0] == "copy")
    followed = [
        ("copy", "/d/a", "/in/d/file"),
        ("copy", "/out/b", "/in/d/dir/b"),
        ("copy", "/out/deep/c", "/in/d/dir/deep/c"),
    ]
    assert copied == (followed if move else sorted([("copy", "/d/a", "/in/d/a"), *followed]))
    removed = [job.source.path for job in jobs if job.op is Op.REMOVE_DIR]
    assert removed == (["/d/e", "/d"] if move else [])
    (note,) = (job for job in jobs if job.op is Op.NOTE)
    assert (note.source.path, note.failed) == ("/d/e/nowhere", True)
    assert "leads nowhere" in note.note


@pytest.mark.parametrize(
    ("links", "told"),
    [
        ({"/d/up": "."}, ["/d/up"]),
        ({"/d/top": "/"}, ["/d/top"]),
        ({"/d/self": "self"}, ["/d/self"]),
        ({"/d/x": "/o", "/o/y": "/d"}, ["/o/y"]),
        ({"/d/x": "/o/p", "/o/p/y": "/o"}, ["/o/p/y"]),
    ],
)
def test_loops_are_told_and_stopped(links: dict[str, str], told: list[str]) -> None:
    source = _tree("/d/a", "/o/p/b")
    for path, text in links.items():
        source.make_link(path, text)
    jobs = _plan(source, "d", links=Links.FOLLOW)
    notes = [job for job in jobs if job.op is Op.NOTE]
    assert ([note.source.path for note in notes], {note.failed for note in notes}) == (told, {True})
    assert "copy" in {str(job.op) for job in jobs}


def test_a_link_that_leads_to_no_possible_name_holds_nothing_else_back() -> None:
    class Strict(MemoryProvider):
        def leads_to(self, path: str) -> str:
            raise InvalidName(path, "the name is too long for this disk")

    source = Strict(_linked().store)
    jobs = _plan(source, "d", links=Links.FOLLOW)
    assert [job.target.path for job in jobs if job.op is Op.COPY] == ["/in/d/a"]
    notes = [(job.source.path, job.failed) for job in jobs if job.op is Op.NOTE]
    assert sorted(notes) == [("/d/dir", True), ("/d/e/nowhere", True), ("/d/file", True)]


def test_one_folder_may_be_reached_by_two_links() -> None:
    source = _tree("/d/a", "/out/b")
    for name in ("x", "y"):
        source.make_link(f"/d/{name}", "/out")
    copied = {short[2] for short in _short(_plan(source, "d", links=Links.FOLLOW))}
    assert copied == {"/in/d/a", "/in/d/x/b", "/in/d/y/b"}


@pytest.mark.parametrize(
    ("links", "ops"), [(Links.LINK, ["link"]), (Links.FOLLOW, ["copy"]), (Links.SKIP, ["note"])]
)
def test_a_link_may_be_all_that_is_copied(links: Links, ops: list[str]) -> None:
    source, to = _tree("/a"), Place(TARGET, "/in/new")
    source.make_link("/link", "a")
    link = source.stat("/link")
    jobs = plan_link(source, link, SOURCE, _tree("/in/"), to, move=False, links=links)
    assert [str(job.op) for job in jobs] == ops
    assert ops == ["note"] or jobs[0].target == to
