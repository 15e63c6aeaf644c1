"""Versions and deleted files: brought back, copied and removed, by keys and a real queue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from providers.base import Entry, Kind
from providers.errors import Denied
from tests.servers.keeping_place import KeepingPlace
from tests.tui.app_case import AppPilot, Tree, at, make_app, names, opener, read, text, until
from tests.tui.fake_queue import FakeQueue
from tests.tui.test_offers import SMALL, dialog, says
from transfers.engine import Engine
from transfers.model import Enqueue, Job, Op, Policy
from tui.app import WharfieApp
from tui.facts import moment
from tui.revisions import dated_name
from tui.screens.confirm import ConfirmScreen
from tui.screens.plan import PlanScreen
from tui.screens.versions import VersionsScreen
from tui.settings_file import SettingsFile


def three_versions() -> KeepingPlace:
    """/d/report.pdf as it was twice before; /d/gone.txt, deleted."""
    place = KeepingPlace()
    place.make_dir("/d")
    for data, stored in ((b"first", 1.0e9), (b"the second", 1.2e9), (b"third time", 1.5e9)):
        place.put("/d/report.pdf", data, stored)
    place.put("/d/gone.txt", b"was here", 1.1e9)
    place.delete("/d/gone.txt")
    return place


LONG_AGO = datetime.fromtimestamp(1.0e9).strftime("%Y-%m-%d %H%M%S")


def day(unix: float) -> str:
    return moment(unix)[:10]


class Case:
    """The panes on /d and on another place, and the queue between them."""

    def __init__(self, queue: Engine | FakeQueue, place: KeepingPlace, other: Tree) -> None:
        self.queue, self.place, self.other = queue, place, other

    def app(
        self, right: str = "y", path: str = "/", settings: SettingsFile | None = None
    ) -> WharfieApp:
        places, ends = opener(k=self.place, y=self.other), (at("k", "/d"), at(right, path))
        return make_app(*ends, queue=self.queue, opener=places, settings=settings)  # type: ignore[arg-type]

    def job(self) -> Job:
        (row,) = self.queue.snapshot().rows
        return row.job

    def content(self, path: str) -> bytes:
        return bytes(self.place.store.file(path).data)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Case]:
    """With a queue that copies."""
    place, other = three_versions(), Tree()
    places = {"memory://k": place, "memory://y": other}
    with closing(Engine(tmp_path / "queue", lambda endpoint: places[endpoint])) as engine:
        yield Case(engine, place, other)


@pytest.fixture
def fake() -> Case:
    return Case(FakeQueue(), three_versions(), Tree())


async def open_versions(pilot: AppPilot, *keys: str) -> None:
    await read(pilot)
    await pilot.press(*keys)
    await dialog(pilot, VersionsScreen)


async def test_the_versions_of_a_file_are_listed_newest_first(fake: Case) -> None:
    app = fake.app()
    async with app.run_test(size=SMALL) as pilot:
        await open_versions(pilot, "end", "z")
        await says(pilot, "memory://k/d/report.pdf", "10 B current", day(1.0e9), "5 B")
        rows = [line for line in text(app).splitlines() if "│ 20" in line]
        assert [row.split()[1][:4] for row in rows] == ["2017", "2008", "2001"]
        await says(pilot, f"stored: {moment(1.5e9)}, 10 bytes")


async def test_a_version_is_brought_back_through_the_queue(real: Case) -> None:
    app = real.app()
    async with app.run_test(size=SMALL) as pilot:
        await open_versions(pilot, "end", "z")
        await says(pilot, "5 B")
        await pilot.press("end", "enter")
        await says(pilot, "Bring this version back?", f"as stored: {moment(1.0e9)}")
        await pilot.press("enter")
        await until(pilot, lambda: real.content("/d/report.pdf") == b"first")
        assert len(real.place.kept["/d/report.pdf"]) == 4  # nothing that it was is lost
        await says(pilot, "5 B current")  # the list is read again
        assert real.job().target.path == "/d/report.pdf"


@pytest.mark.parametrize("keeps", [True, False])
async def test_it_says_whether_what_the_file_has_now_is_kept(fake: Case, keeps: bool) -> None:
    fake.place.keeps = keeps
    async with fake.app().run_test(size=SMALL) as pilot:
        await open_versions(pilot, "end", "z")
        await says(pilot, "5 B")
        await pilot.press("end", "enter")
        await says(pilot, "keeps it among those." if keeps else "may be gone for good")


async def test_what_the_file_has_already_is_not_brought_back(fake: Case) -> None:
    async with fake.app().run_test(size=SMALL) as pilot:
        await open_versions(pilot, "end", "z")
        await says(pilot, "current")
        await pilot.press("r")
        await says(pilot, "there is nothing to bring back")


async def test_bringing_back_overwrites_without_another_question(fake: Case) -> None:
    assert isinstance(fake.queue, FakeQueue)
    async with fake.app().run_test(size=SMALL) as pilot:
        await open_versions(pilot, "end", "z")
        await says(pilot, "5 B")
        await pilot.press("end", "r", "enter")
        await says(pilot, "Queued: the file has it once the transfer is done.")
        await until(pilot, lambda: fake.queue.sent)  # type: ignore[union-attr]
        (command,) = fake.queue.sent
        assert isinstance(command, Enqueue)
        (job,) = command.jobs
        assert command.policy is Policy.OVERWRITE and job.op is Op.COPY
        first = fake.place.kept["/d/report.pdf"][-1]
        assert job.source.path == f"/d/report.pdf;{first.id}"
        assert job.target.path == "/d/report.pdf"
        assert job.within == "/d"


async def test_a_version_is_copied_into_the_other_folder_by_the_files_name(real: Case) -> None:
    async with real.app().run_test(size=SMALL) as pilot:
        await open_versions(pilot, "end", "z")
        await says(pilot, "5 B")
        await pilot.press("end", "f5")
        await says(pilot, "Queued: to memory://y/report.pdf")
        await until(pilot, lambda: "/report.pdf" in real.other.store.nodes)
        assert bytes(real.other.store.file("/report.pdf").data) == b"first"


async def test_the_copy_of_a_version_shows_its_plan_and_is_no_move(
    fake: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.commands.copying._SOON", 3600.0)
    app = fake.app(settings=SettingsFile(tmp_path / "settings.toml"))
    async with app.run_test(size=SMALL) as pilot:
        await open_versions(pilot, "end", "z")
        await says(pilot, "5 B")
        await pilot.press("end", "c")
        await dialog(pilot, PlanScreen)
        await says(pilot, "Copy 1 file, 5 B", "from memory://k/d/report.pdf;")
        assert "move" not in text(app)
        await pilot.press("y")
        await says(pilot, "No command line names just this.")
        await pilot.press("escape")
        await says(pilot, "Nothing was queued.")
        assert not fake.queue.sent  # type: ignore[union-attr]


async def test_a_copy_beside_the_file_has_its_date_in_the_name(real: Case) -> None:
    async with real.app("k", "/d").run_test(size=SMALL) as pilot:
        await open_versions(pilot, "end", "z")
        await says(pilot, "5 B")
        await pilot.press("end", "c")
        path = f"/d/{dated_name('report.pdf', 1.0e9)}"
        await until(pilot, lambda: path in real.place.store.nodes)
        assert real.content(path) == b"first"
        assert real.content("/d/report.pdf") == b"third time"


async def test_a_version_is_deleted_after_a_question_that_names_it_exactly(fake: Case) -> None:
    place, second = fake.place, fake.place.kept["/d/report.pdf"][1].id
    async with fake.app().run_test(size=SMALL) as pilot:
        await open_versions(pilot, "end", "z")
        await says(pilot, "5 B")
        await pilot.press("down", "x")
        await says(pilot, "Delete this version for good?", "memory://k/d/report.pdf")
        await says(pilot, f"stored: {moment(1.2e9)}", f"its address: /d/report.pdf;{second}")
        await pilot.press("enter")  # a dangerous question: Enter alone is no
        await dialog(pilot, VersionsScreen)
        assert len(place.kept["/d/report.pdf"]) == 3
        await pilot.press("f8", "y")
        await says(pilot, "That version is deleted.")
        await until(pilot, lambda: day(1.2e9) not in text(pilot.app))  # type: ignore[arg-type]
        assert [kept.stored for kept in place.kept["/d/report.pdf"]] == [1.5e9, 1.0e9]


async def test_deleting_what_the_file_has_says_what_that_means(fake: Case) -> None:
    async with fake.app().run_test(size=SMALL) as pilot:
        await open_versions(pilot, "end", "z")
        await says(pilot, "current")
        await pilot.press("x")
        await says(pilot, "It is what the file has now", "will have the one before, or be gone")


async def test_a_refused_deletion_is_said_in_the_dialog(fake: Case) -> None:
    def fail(operation: str, path: str) -> None:
        if operation == "delete":
            raise Denied(path, "it is under a legal hold")

    async with fake.app().run_test(size=SMALL) as pilot:
        await open_versions(pilot, "end", "z")
        await says(pilot, "current")
        fake.place.store.fail = fail
        await pilot.press("end", "x", "y")
        await says(pilot, "it is under a legal hold")
        assert isinstance(pilot.app.screen, VersionsScreen)


async def test_a_deleted_file_of_the_folder_is_brought_back(fake: Case) -> None:
    app = fake.app()
    async with app.run_test(size=SMALL) as pilot:
        await open_versions(pilot, "home", "z")  # on the row of the parent
        await says(pilot, "Deleted files", "memory://k/d", "gone.txt")
        assert "report.pdf" not in text(app).split("Deleted files")[1].split("Its versions")[0]
        await pilot.press("enter")
        await says(pilot, "Take this deletion back?", "memory://k/d gone.txt", "as before")
        assert "/d/gone.txt" not in fake.place.store.nodes
        await pilot.press("enter")
        await says(pilot, "No file of this folder is deleted.")
        assert fake.content("/d/gone.txt") == b"was here"
        await pilot.press("escape")
        await until(pilot, lambda: names(app) == ["gone.txt", "report.pdf"])


async def test_deleted_files_are_there_wherever_the_cursor_is_and_have_versions(
    real: Case,
) -> None:
    async with real.app().run_test(size=SMALL) as pilot:
        await open_versions(pilot, "end", "Z")
        await says(pilot, "gone.txt")
        await pilot.press("v")
        await says(pilot, "Versions", "memory://k/d/gone.txt", "deleted", "8 B")
        await pilot.press("end", "enter", "enter")
        await until(pilot, lambda: "/d/gone.txt" in real.place.store.nodes)
        assert real.content("/d/gone.txt") == b"was here"


async def test_a_deletion_has_no_content_to_copy(fake: Case) -> None:
    async with fake.app().run_test(size=SMALL) as pilot:
        await open_versions(pilot, "end", "Z")
        await says(pilot, "gone.txt")
        await pilot.press("v")
        await says(pilot, "8 B")
        await pilot.press("c")
        await says(pilot, "That row is a deletion and has no content.")


async def test_an_old_deletion_says_that_the_file_stays_as_it_is(fake: Case) -> None:
    fake.place.put("/d/gone.txt", b"again", 1.6e9)
    async with fake.app().run_test(size=SMALL) as pilot:
        await open_versions(pilot, "home", "down", "z")
        await says(pilot, "5 B", "deleted")
        await pilot.press("down", "enter")
        await says(pilot, "It is not the latest: the file stays as it is.")


async def test_a_folder_of_many_versions_is_shown_while_it_arrives(fake: Case) -> None:
    for number in range(500):
        fake.place.put("/d/report.pdf", bytes(number), 1.6e9 + number)
    app = fake.app()
    async with app.run_test(size=(40, 12)) as pilot:
        await open_versions(pilot, "end", "z")
        await says(pilot, "current")
        assert isinstance(app.screen, VersionsScreen)
        screen = app.screen
        await until(pilot, lambda: len(screen.rows.rows) == 503)
        await pilot.press("end")
        await says(pilot, day(1.0e9))


async def test_what_cannot_be_listed_is_said_in_the_dialog(fake: Case) -> None:
    def fail(operation: str, path: str) -> None:
        if operation == "revisions":
            raise Denied(path)

    async with fake.app().run_test(size=SMALL) as pilot:
        await read(pilot)
        fake.place.store.fail = fail
        await pilot.press("end", "z")
        await says(pilot, "/d/report.pdf: permission denied.")
        await pilot.press("enter", "x")
        await says(pilot, "There is none to choose.")
        assert not isinstance(pilot.app.screen, ConfirmScreen)


@pytest.mark.parametrize(
    ("name", "stored", "dated"),
    [
        ("report.pdf", 1e9, f"report {LONG_AGO}.pdf"),
        ("Makefile", 1e9, f"Makefile {LONG_AGO}"),
        (".bashrc", 1e9, f".bashrc {LONG_AGO}"),
        ("a.tar.gz", None, "a.tar earlier.gz"),
        ("a.txt", 1e300, "a earlier.txt"),
    ],
)
def test_a_dated_name_keeps_the_suffix(name: str, stored: float | None, dated: str) -> None:
    assert dated_name(name, stored) == dated


def test_the_address_of_a_revision_is_of_its_file() -> None:
    place = three_versions()
    (page, *_) = place.revisions("/d/report.pdf")
    path = page[1].entry.path
    assert (place.name(path), place.parent(path)) == ("report.pdf", "/d")
    assert place.stat(path) == page[1].entry
    assert isinstance(page[1].entry, Entry) and page[1].entry.kind is Kind.FILE
