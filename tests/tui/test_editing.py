"""Editing a file of another place: fetched, edited, sent back, and never lost in between."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Capabilities, Kind, Place, Provider
from providers.errors import ConnectionLost, Unsupported
from tests.tui.app_case import AppPilot, Tree, make_app, pane, read, text, until
from transfers.engine import Engine
from transfers.model import FINISHED, Enqueue, Hold, JobState, NewJob, Op, ParkReason, Policy
from tui.app import WharfieApp
from tui.editing.editor import editor_words
from tui.editing.working_copy import safe_name
from tui.screens.changed_there import ChangedThereScreen, StillOpenScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.conflict import ConflictScreen
from tui.settings_file import SettingsFile

OLD, NEW = b"old content\n", b"old content\nand a line more\n"
EDITOR = """
import sys, time
from pathlib import Path
path = Path(sys.argv[-1])
modes = [f"{{where.stat().st_mode & 0o777:o}}" for where in (path, path.parent)]
Path({seen!r}).write_text(f"{{path}}\\n{{' '.join(modes)}}")
{does}
"""
APPENDS = "path.write_bytes(path.read_bytes() + b'and a line more\\n')"


class Remote(Tree):
    """A place that others change, too; `exact`: its versions tell every change."""

    exact = True

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, exact_versions=self.exact, near=False)

    def put(self, path: str, data: bytes, mode: int = 0o640) -> None:
        self.store.nodes.pop(path, None)
        self.store.add(path, Kind.FILE, data=bytearray(data), mode=mode)

    def get(self, path: str) -> bytes | None:
        node = self.store.nodes.get(path)
        return None if node is None else bytes(node.data)


class Desk:
    """An app on a real queue, a remote place with /notes.md, and an editor that does as told."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.place = Remote()
        self.place.put("/notes.md", OLD)
        self.engine = Engine(folder / "queue", self.open)
        self._patch = monkeypatch
        monkeypatch.setattr(WharfieApp, "suspend", lambda self: nullcontext())
        # A test's editor comes back at once.
        monkeypatch.setattr("tui.commands.editing._AT_ONCE", 0.0)
        self.edits(APPENDS)

    def open(self, endpoint: str, access: Access | None = None) -> Provider:
        from providers.local import open_endpoint

        return self.place if endpoint.startswith("memory:") else open_endpoint(endpoint, None)

    def edits(self, does: str) -> None:
        """The editor does that, as lines of Python."""
        script = self.folder / "editor.py"
        script.write_text(EDITOR.format(seen=str(self.folder / "seen"), does=does))
        self._patch.setenv("EDITOR", f"'{sys.executable}' '{script}'")

    @property
    def seen(self) -> list[str]:
        """What the editor saw: the path, and the modes of the file and its folder."""
        return (self.folder / "seen").read_text().splitlines()

    @property
    def copies(self) -> list[Path]:
        """The edited copies that are kept."""
        return [path for path in (self.folder / "config" / "edits").rglob("*") if path.is_file()]

    def app(self) -> WharfieApp:
        here, there = Place("memory://k", "/"), Place("file:", str(self.folder))
        settings = SettingsFile(self.folder / "config" / "settings.toml")
        return make_app(here, there, queue=self.engine, opener=self.open, settings=settings)  # type: ignore[arg-type]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.delenv("VISUAL", raising=False)
    desk = Desk(tmp_path, monkeypatch)
    yield desk
    desk.engine.close()


@contextmanager
def meanwhile(desk: Desk, change: Callable[[], object]) -> Iterator[None]:
    """Once the editor runs, `change` happens in the place."""
    from tui.commands import editing

    plain = editing.run_editor

    def run(app: WharfieApp, words: list[str], path: Path) -> int:
        status = plain(app, words, path)
        change()
        return status

    desk._patch.setattr(editing, "run_editor", run)
    yield


async def edit(pilot: AppPilot, name: str = "notes.md") -> None:
    await read(pilot)
    app = pilot.app
    assert isinstance(app, WharfieApp)
    pane(app).list.jump(f"/{name}")
    pane(app).reread()
    await read(pilot)
    await pilot.press("f4")


async def says(pilot: AppPilot, *words: str) -> None:
    app = pilot.app
    assert isinstance(app, WharfieApp)
    flat = lambda: " ".join(text(app).replace("│", " ").split())  # noqa: E731
    await until(pilot, lambda: all(word in flat() for word in words))


async def test_what_was_edited_is_sent_back_and_the_copy_goes_once_it_is_proven(desk: Desk) -> None:
    app = desk.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await edit(pilot)
        await says(pilot, "“notes.md” is back in its place: sha256 both ends.")
    assert desk.place.get("/notes.md") == NEW
    assert desk.place.store.nodes["/notes.md"].mode == 0o640
    assert desk.copies == []
    path, modes = desk.seen
    assert Path(path).name == "notes.md"
    if sys.platform != "win32":
        assert modes.endswith(" 700")  # nobody else comes to the file, whatever its own mode


async def test_nothing_is_sent_when_nothing_was_changed(desk: Desk) -> None:
    desk.edits("pass")
    app = desk.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await edit(pilot)
        await says(pilot, "Nothing was changed.")
    assert desk.engine.snapshot().count == 0 and desk.copies == []


async def test_an_editor_that_only_opens_a_window_is_waited_for(desk: Desk) -> None:
    desk._patch.setattr("tui.commands.editing._AT_ONCE", 60.0)
    desk.edits("pass")
    app = desk.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await edit(pilot)
        await until(pilot, lambda: isinstance(app.screen, StillOpenScreen))
        await pilot.pause()
        (copy,) = desk.copies
        copy.write_bytes(NEW)
        await pilot.press("s")
        await says(pilot, "is back in its place")
    assert desk.place.get("/notes.md") == NEW


@pytest.mark.parametrize(
    ("key", "there"),
    [
        ("o", {"/notes.md": NEW}),
        ("b", {"/notes.md": b"theirs", "/notes (2).md": NEW}),
        ("d", {"/notes.md": b"theirs"}),
        ("escape", {"/notes.md": b"theirs"}),
    ],
)
async def test_what_changed_there_meanwhile_is_asked_about(
    desk: Desk, key: str, there: dict[str, bytes]
) -> None:
    app = desk.app()
    with meanwhile(desk, lambda: desk.place.put("/notes.md", b"theirs")):
        async with app.run_test(size=(80, 24)) as pilot:
            await edit(pilot)
            await until(pilot, lambda: isinstance(app.screen, ChangedThereScreen))
            await says(pilot, "notes.md changed meanwhile", "fetched: 12 B", "there: 6 B")
            assert desk.place.get("/notes.md") == b"theirs"
            await pilot.press(key)
            word = {"d": "is dropped", "escape": "The edited copy is kept"}
            await says(pilot, word.get(key, "is back in its place"))
    files = {path: desk.place.get(path) for path in desk.place.store.nodes if path != "/"}
    assert files == there
    assert len(desk.copies) == (1 if key == "escape" else 0)


async def test_a_file_that_is_gone_meanwhile_can_be_put_back(desk: Desk) -> None:
    app = desk.app()
    with meanwhile(desk, lambda: desk.place.delete("/notes.md")):
        async with app.run_test(size=(80, 24)) as pilot:
            await edit(pilot)
            await says(pilot, "notes.md is gone meanwhile")
            await pilot.press("o")
            await says(pilot, "is back in its place")
    assert desk.place.get("/notes.md") == NEW


async def test_a_change_that_an_inexact_version_misses_is_noticed(desk: Desk) -> None:
    desk.place.exact = False
    node = desk.place.store.nodes["/notes.md"]

    def change() -> None:
        node.data[:] = b"OLD CONTENT\n"  # size, time and version stay

    app = desk.app()
    with meanwhile(desk, change):
        async with app.run_test(size=(80, 24)) as pilot:
            await edit(pilot)
            await says(pilot, "notes.md changed meanwhile")
            await pilot.press("escape")


async def test_a_file_that_was_only_touched_meanwhile_is_replaced_without_a_question(
    desk: Desk,
) -> None:
    app = desk.app()
    with meanwhile(desk, lambda: desk.place.put("/notes.md", OLD)):
        async with app.run_test(size=(80, 24)) as pilot:
            await edit(pilot)
            await says(pilot, "is back in its place")


async def test_a_change_after_it_was_looked_at_stops_the_job_and_keeps_both(desk: Desk) -> None:
    desk.engine.send(Hold())
    app = desk.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await edit(pilot)
        await says(pilot, "is on its way back")
        desk.place.put("/notes.md", b"theirs")
        desk.engine.send(Hold(on=False))

        def parked() -> bool:
            rows = desk.engine.snapshot().rows
            return bool(rows) and rows[0].job.park is ParkReason.CONFLICT

        await until(pilot, parked)
        await until(pilot, lambda: isinstance(app.screen, ConflictScreen))
        await pilot.pause()
        assert desk.place.get("/notes.md") == b"theirs"
        (copy,) = desk.copies
        assert copy.read_bytes() == NEW


async def test_a_copy_that_cannot_be_sent_is_kept_and_its_place_is_told(desk: Desk) -> None:
    def lose() -> None:
        def fail(operation: str, path: str) -> None:
            raise ConnectionLost(path)

        desk.place.store.fail = fail

    app = desk.app()
    with meanwhile(desk, lose):
        async with app.run_test(size=(120, 30)) as pilot:
            await edit(pilot)
            (copy,) = desk.copies
            await says(pilot, "the connection was lost", "The edited copy is kept", copy.name)
            assert copy.read_bytes() == NEW


@pytest.mark.parametrize(("does", "kept"), [(f"{APPENDS}; sys.exit(3)", 1), ("sys.exit(3)", 0)])
async def test_a_failing_editor_is_a_sentence_and_sends_nothing(
    desk: Desk, does: str, kept: int
) -> None:
    desk.edits(does)
    app = desk.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await edit(pilot)
        await says(pilot, "The editor ended with status 3.")
    assert len(desk.copies) == kept and desk.engine.snapshot().count == 0


async def test_an_editor_that_is_not_there_is_a_sentence_before_anything_is_fetched(
    desk: Desk,
) -> None:
    desk._patch.setenv("EDITOR", "no-such-editor-here --wait")
    app = desk.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await edit(pilot)
        await says(pilot, "EDITOR is “no-such-editor-here --wait”, and there is no such program")
    assert desk.copies == []


async def test_a_terminal_that_cannot_be_given_away_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suspend = WharfieApp.suspend
    desk = Desk(tmp_path, monkeypatch)
    monkeypatch.setattr(WharfieApp, "suspend", suspend)
    try:
        app = desk.app()
        async with app.run_test(size=(100, 30)) as pilot:
            await edit(pilot)
            await says(pilot, "this terminal cannot be given to an editor")
    finally:
        desk.engine.close()


async def test_a_large_file_is_asked_about_and_a_link_and_a_folder_are_not_edited(
    desk: Desk,
) -> None:
    desk.place.put("/large", bytes(11 << 20))
    desk.place.make_link("/link", "notes.md")
    desk.place.make_dir("/folder")
    app = desk.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await edit(pilot, "large")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await says(pilot, "11.0 MiB large")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        await edit(pilot, "link")
        await says(pilot, "/link: is a link.")
        await edit(pilot, "folder")
        await says(pilot, "Nothing to edit: put the cursor on a file.")
    assert desk.copies == []


async def test_fetching_can_be_stopped_and_leaves_nothing(desk: Desk) -> None:
    desk.place.put("/long", bytes(1 << 20))
    gate = threading.Event()

    def wait(operation: str, path: str) -> None:
        if operation == "chunk":
            gate.wait(30)

    app = desk.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        desk.place.store.fail = wait
        await edit(pilot, "long")
        await says(pilot, "Fetching…")
        await pilot.press("escape")
        gate.set()
        await says(pilot, "Fetching stopped; nothing is edited.")
    assert desk.copies == []


async def test_a_local_file_is_edited_in_place(desk: Desk) -> None:
    (desk.folder / "here.txt").write_bytes(OLD)
    app = desk.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("tab")
        pane(app, "right").list.jump(str(desk.folder / "here.txt"))
        pane(app, "right").reread()
        await read(pilot)
        await pilot.press("f4")
        await until(pilot, lambda: (desk.folder / "here.txt").read_bytes() == NEW)
    assert desk.seen[0] == str(desk.folder / "here.txt")
    assert desk.copies == []


async def test_a_copy_that_was_proven_back_without_a_screen_goes_with_the_next_edit(
    desk: Desk,
) -> None:
    app = desk.app()
    with meanwhile(desk, lambda: desk.place.put("/notes.md", b"theirs")):
        async with app.run_test(size=(100, 30)) as pilot:
            await edit(pilot)
            await until(pilot, lambda: isinstance(app.screen, ChangedThereScreen))
            await pilot.press("escape")
            await says(pilot, "The edited copy is kept")
    (kept,) = desk.copies
    target = Place("memory://k", "/notes.md")
    job = NewJob(Op.COPY, Place("file:", str(kept)), target)
    (number,) = desk.engine.send(Enqueue((job,), policy=Policy.OVERWRITE))
    desk.edits("pass")
    again = desk.app()
    async with again.run_test(size=(100, 30)) as pilot:

        def done() -> bool:
            row = desk.engine.row(number)
            return row is not None and row.job.state in FINISHED

        await until(pilot, done)
        row = desk.engine.row(number)
        assert row is not None and row.job.state is JobState.DONE
        await edit(pilot)
        await until(pilot, lambda: not kept.exists())


# Which editor


def test_visual_comes_before_editor_and_both_before_what_is_usual() -> None:
    found = {"code": "/bin/code", "vi": "/bin/vi", "/opt/my editor": "/opt/my editor"}
    which = found.get
    assert editor_words({"VISUAL": "code --wait", "EDITOR": "vi"}, which) == ["code", "--wait"]
    assert editor_words({"VISUAL": " ", "EDITOR": "vi"}, which) == ["vi"]
    assert editor_words({"EDITOR": "/opt/my editor"}, which) == ["/opt/my editor"]
    assert editor_words({}, which) == ["/bin/vi"]
    with pytest.raises(Unsupported, match="no editor was found"):
        editor_words({}, lambda word: None)


@pytest.mark.parametrize("value", ["vi; rm -rf /", "$(reboot)", "'unbalanced"])
def test_no_shell_reads_the_name_of_the_editor(value: str) -> None:
    with pytest.raises(Unsupported, match="no such program"):
        editor_words({"EDITOR": value}, lambda word: "/bin/vi" if word == "vi" else None)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.md", "notes.md"),
        (".bashrc", ".bashrc"),
        ("..", "_"),
        ("a/b\\c:d.txt", "a_b_c_d.txt"),
        ("esc\x1b[31m\n.py", "esc_[31m_.py"),
        ("\udcff\u202e.c", "__.c"),
        ("con.txt", "_con.txt"),
        ("x" * 300 + ".rs", "x" * 117 + ".rs"),
        ("end. ", "end"),
    ],
)
def test_a_copy_has_a_name_that_any_system_takes_and_editors_know(name: str, safe: str) -> None:
    assert safe_name(name) == safe
