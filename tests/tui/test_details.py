"""What a listing left out: asked for in the background, of the rows in sight, a few at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Entry, Kind, Place, Provider
from providers.errors import AuthRequired, ConnectionLost, NotFound, ProviderError
from providers.local import LocalProvider
from tests.servers.web_servers import Apache, find_apache
from tests.tui.app_case import Tree, at, make_app, names, opener, pane, read, text, until
from tui.app import WharfieApp
from tui.details import AT_ONCE, Details, lacks
from tui.screens.secret import SecretScreen

SIZE = 4321


class Sparse(Tree):
    """Lists `count` files in each of two folders without sizes; `stat` knows them.

    `gate` is called before each answer. `asked`: the paths, as they were asked about.
    """

    def __init__(self, count: int = 3, error: ProviderError | None = None) -> None:
        super().__init__(["/one/", "/two/"])
        self.count = count
        self.error = error
        self.size: int | None = SIZE
        self.asked: list[str] = []
        self.interrupted: list[int] = []
        self.at_once = self.most_at_once = self.ended = 0
        self.open = threading.Event()
        self.open.set()
        self._lock = threading.Lock()

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        if path == "/":
            yield from super().list_dir(path)
        else:
            names = [f"n{number:03}" for number in range(self.count)]
            yield [Entry(f"{path}/{name}", name, Kind.FILE) for name in names]

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        if path in ("/", "/one", "/two"):
            return super().stat(path, follow=follow)
        with self._lock:
            self.asked.append(path)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.open.wait(30)
            if threading.get_ident() in self.interrupted:
                with self._lock:
                    self.interrupted.remove(threading.get_ident())
                    self.ended += 1
                raise ConnectionLost(path)
            if self.error is not None:
                raise self.error
            time = None if self.size is None else 1_700_000_000.0
            return Entry(path, path.rpartition("/")[2], Kind.FILE, self.size, time)
        finally:
            with self._lock:
                self.at_once -= 1

    def interrupt(self, thread: int) -> None:
        self.interrupted.append(thread)
        self.open.set()


def made(tree: Provider) -> WharfieApp:
    return make_app(at("x", "/one"), at("y"), opener=opener(x=tree, y=Tree()))


class Linked(Tree):
    """Lists a link without where it leads, as SFTP does."""

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        for page in super().list_dir(path):
            yield [replace(entry, target=None) for entry in page]


async def test_where_a_link_leads_comes_by_itself() -> None:
    tree = Linked(["/one/"])
    tree.make_link("/one/link", "/some/where\x1b[31m")
    app = made(tree)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: "link → /some/where\\x1b[31m" in text(app))


async def test_sizes_that_a_listing_left_out_come_by_themselves() -> None:
    app = made(Sparse())
    async with app.run_test(size=(160, 30)) as pilot:
        await read(pilot)
        await until(pilot, lambda: text(app).count("4.2 KiB") == 3)
        assert text(app).count("2023-11-14") == 3


async def test_only_rows_in_sight_are_asked_about_and_each_once() -> None:
    tree = Sparse(500)
    app = made(tree)
    async with app.run_test(size=(160, 30)) as pilot:
        await read(pilot)
        height = pane(app).list.size.height
        await until(pilot, lambda: text(app).count("4.2 KiB") == height - 1)  # one row is ".."
        assert sorted(tree.asked) == [f"/one/n{number:03}" for number in range(height - 1)]
        await pilot.press("end")
        await until(pilot, lambda: text(app).count("4.2 KiB") == height)
        await pilot.press("home")
        await pilot.pause()
        assert "/one/n499" in tree.asked and "/one/n200" not in tree.asked
        assert len(tree.asked) == len(set(tree.asked)) == 2 * height - 1


async def test_few_are_asked_about_at_once() -> None:
    tree = Sparse(10)
    app = made(tree)
    tree.open.clear()
    async with app.run_test(size=(160, 30)) as pilot:
        await read(pilot)
        await until(pilot, lambda: len(tree.asked) == AT_ONCE)
        tree.open.set()
        await until(pilot, lambda: text(app).count("4.2 KiB") == 10)
    assert tree.most_at_once == AT_ONCE


async def test_leaving_the_folder_ends_the_questions_about_it() -> None:
    tree = Sparse(20)
    tree.open.clear()
    app = made(tree)
    async with app.run_test(size=(160, 30)) as pilot:
        await read(pilot)
        await until(pilot, lambda: len(tree.asked) == AT_ONCE)
        await pilot.press("backspace")
        await until(pilot, lambda: names(app) == ["one", "two"])
        await until(pilot, lambda: tree.at_once == 0)
        assert tree.ended == len(tree.asked) == AT_ONCE
        assert "connection was lost" not in text(app)


async def test_a_place_that_could_not_be_opened_leaves_the_questions_going_on() -> None:
    tree = Sparse(3)

    def fail(operation: str, path: str) -> None:
        if operation == "list_dir" and path == "/":
            raise NotFound(path)

    tree.store.fail = fail
    tree.open.clear()
    app = made(tree)
    async with app.run_test(size=(160, 30)) as pilot:
        await read(pilot)
        await until(pilot, lambda: len(tree.asked) == AT_ONCE)
        await pilot.press("backspace")
        await until(pilot, lambda: "does not exist" in text(app))
        await until(pilot, lambda: text(app).count("4.2 KiB") == 3)


async def test_places_that_list_everything_are_never_asked(tmp_path: Path) -> None:
    asked: list[str] = []

    class Watched(LocalProvider):
        def stat(self, path: str, *, follow: bool = False) -> Entry:
            asked.append(path)
            return super().stat(path, follow=follow)

    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to("nowhere")
    app = make_app(tmp_path, tmp_path, opener=lambda endpoint, access: Watched())
    async with app.run_test(size=(160, 30)) as pilot:
        await read(pilot)
        await pilot.press("end", "s", "ctrl+r")
        await read(pilot)
    assert asked == []


async def test_where_nothing_is_added_the_questions_end() -> None:
    tree = Sparse(20)
    tree.size = None
    app = made(tree)
    async with app.run_test(size=(160, 30)) as pilot:
        await read(pilot)
        await until(pilot, lambda: len(tree.asked) >= 4)
        await until(pilot, lambda: tree.at_once == 0)
        await pilot.pause()
        assert len(tree.asked) <= 4 + AT_ONCE


@pytest.mark.parametrize("error", [AuthRequired("memory://x"), ConnectionLost("/one")])
async def test_trouble_ends_the_questions_and_is_nobodys_concern(error: ProviderError) -> None:
    tree = Sparse(20, error)
    app = made(tree)
    async with app.run_test(size=(160, 30)) as pilot:
        await read(pilot)
        await until(pilot, lambda: tree.asked and tree.at_once == 0)
        await pilot.pause()
        assert len(tree.asked) <= AT_ONCE
        assert not isinstance(app.screen, SecretScreen)
        assert "20 entries" in text(app) and error.what not in text(app)


async def test_what_was_told_counts_in_sorting_in_marks_and_in_what_is_copied() -> None:
    class Growing(Sparse):
        def stat(self, path: str, *, follow: bool = False) -> Entry:
            entry = super().stat(path, follow=follow)
            last = entry.name[-1]
            return replace(entry, size=1024 * int(last)) if last.isdigit() else entry

    app = made(Growing(4))
    async with app.run_test(size=(160, 30)) as pilot:
        await read(pilot)
        await until(pilot, lambda: "3.0 KiB" in text(app) and "1.0 KiB" in text(app))
        await pilot.press("s")
        assert names(app) == ["n003", "n002", "n001", "n000"]
        await pilot.press("ctrl+a")
        assert "4 marked, 6.0 KiB" in text(app)
        assert [entry.size for entry in pane(app).selected] == [0, 1024, 2048, 3072]


async def test_reading_again_asks_again_and_shows_what_was_known_until_then() -> None:
    tree = Sparse(3)
    app = made(tree)
    async with app.run_test(size=(160, 30)) as pilot:
        await read(pilot)
        await until(pilot, lambda: text(app).count("4.2 KiB") == 3)
        tree.open.clear()
        tree.size = 99
        await pilot.press("ctrl+r")
        await read(pilot)
        await until(pilot, lambda: tree.at_once)
        assert text(app).count("4.2 KiB") == 3
        tree.open.set()
        await until(pilot, lambda: text(app).count("99 B") == 3)
        tree.error = NotFound("/one")  # nothing is known of them any more
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "99 B" not in text(app))


@pytest.mark.skipif(find_apache() is None, reason="no Apache here: install apache2-bin")
async def test_sizes_that_apache_rounds_are_exact_in_a_pane(tmp_path: Path) -> None:
    with Apache(tmp_path / "apache") as server:
        (server.root / "large.iso").write_bytes(bytes(1_234_567))
        app = make_app(Place(f"http://127.0.0.1:{server.port}", "/"), tmp_path)
        async with app.run_test(size=(160, 30)) as pilot:
            await read(pilot)
            await until(pilot, lambda: "1.2 MiB" in text(app))
            entry = pane(app).selected[0]
            assert (entry.name, entry.size) == ("large.iso", 1_234_567)


def test_what_is_asked_about_lacks_something_and_is_a_file() -> None:
    whole = Entry("/a", "a", Kind.FILE, 1, 1.0)
    assert not lacks(whole) and not lacks(Entry("/d", "d", Kind.DIR))
    assert lacks(replace(whole, size=None)) and lacks(replace(whole, modified=None))


def test_after_a_stop_nothing_is_asked(tmp_path: Path) -> None:
    details = Details(lambda: pytest.fail("nothing is to be opened"))
    details.stop()
    assert details.wanted([Entry("/a", "a", Kind.FILE)]) == []
