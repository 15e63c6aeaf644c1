"""Looking into files: what is fetched of them, what is shown, what is said when they change."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Capabilities, Kind
from providers.errors import ConnectionLost, RangeIgnored
from providers.memory import MemoryReader
from tests.tui.app_case import AppPilot, Tree, at, make_app, opener, pane, read, text, until
from tui.app import WharfieApp
from tui.screens.viewer import ViewerScreen

SMALL = (80, 24)
MIB = 1 << 20


class Far(Tree):
    """A place whose every byte costs: `fetched` counts them."""

    def __init__(self, **files: bytes) -> None:
        super().__init__()
        self.fetched = 0
        self.ranged = True
        self.near = False
        for name, data in files.items():
            self.put(f"/{name}", data)

    def put(self, path: str, data: bytes) -> None:
        self.store.nodes.pop(path, None)
        self.store.add(path, Kind.FILE, data=bytearray(data))

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, near=self.near, ranged_reads=self.ranged)

    @contextmanager
    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> Iterator[MemoryReader]:
        if not self.ranged and (offset or length is not None):
            raise RangeIgnored(path)
        with super().read(path, offset=offset, length=length, version=version) as reader:
            yield _Counted(self, reader)


class _Counted(MemoryReader):
    def __init__(self, place: Far, reader: MemoryReader) -> None:
        self.place = place
        self.reader = reader
        self.entry = reader.entry

    def chunks(self) -> Iterator[bytes]:  # type: ignore[override]
        for chunk in self.reader.chunks():
            self.place.fetched += len(chunk)
            yield bytes(chunk)


def app_on(place: Tree) -> WharfieApp:
    return make_app(at("k"), at("y"), opener=opener(k=place, y=Tree()))


def viewer(app: WharfieApp) -> ViewerScreen:
    assert isinstance(app.screen, ViewerScreen)
    return app.screen


async def look(pilot: AppPilot, name: str) -> ViewerScreen:
    """Open the viewer on a file of the left pane, and wait until it has read."""
    app = pilot.app
    assert isinstance(app, WharfieApp)
    await read(pilot)
    pane(app).list.jump(next(e.path for e in pane(app).entries if e.name == name))
    pane(app).reread()
    await read(pilot)
    await pilot.press("f3")
    await until(pilot, lambda: isinstance(app.screen, ViewerScreen))
    await settled(pilot)
    return viewer(app)


async def settled(pilot: AppPilot) -> None:
    """Wait until the viewer has nothing under way."""
    app = pilot.app
    assert isinstance(app, WharfieApp)
    screen = viewer(app)
    await until(pilot, lambda: not screen.reading)
    await until(pilot, lambda: all(w.is_finished for w in screen.workers if w.node is screen))
    await pilot.pause()


async def says(pilot: AppPilot, *words: str) -> None:
    app = pilot.app
    assert isinstance(app, WharfieApp)
    await until(pilot, lambda: all(word in " ".join(text(app).split()) for word in words))


def numbered(count: int) -> bytes:
    return b"".join(b"line %07d\n" % n for n in range(1, count + 1))


async def test_of_a_large_remote_file_only_the_first_mebibyte_is_fetched() -> None:
    place = Far(big=numbered(50 * MIB // 13))
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, "big")
        await says(pilot, "memory://k/big", "line 0000001", "line 1 0%", "1.0 MiB read")
        await pilot.press("pagedown", "down")
        await says(pilot, "line 0000022")
        assert place.fetched <= MIB
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)


async def test_the_end_of_a_large_file_is_shown_without_what_lies_between() -> None:
    place = Far(big=numbered(50 * MIB // 13))
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, "big")
        await pilot.press("end")
        await settled(pilot)
        last = 50 * MIB // 13
        await says(pilot, f"line {last:07}", "end")
        assert place.fetched <= 2 * MIB
        await pilot.press("up")
        assert f"line {last - 21:07}" in text(app)
        await pilot.press("home")
        await settled(pilot)
        await says(pilot, "line 0000001", "line 1 0%")


async def test_scrolling_past_what_is_read_reads_on_and_back() -> None:
    place = Far(big=numbered(3 * MIB // 13))
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        screen = await look(pilot, "big")
        before = screen.view.window.end
        screen.view.text.to_end()
        await pilot.press("down")
        await settled(pilot)
        assert screen.view.window.end > before
        await pilot.press("end")
        await settled(pilot)
        start = screen.view.window.start
        assert start > 0
        screen.view.text.to_start()
        await pilot.press("up")
        await settled(pilot)
        assert screen.view.window.start < start
        top = screen.view.text.rows()[0].text
        await pilot.press("up")
        above = screen.view.text.rows()
        assert above[1].text == top and int(above[0].text[5:]) == int(top[5:]) - 1


async def test_a_file_that_changed_meanwhile_is_said_and_read_anew() -> None:
    place = Far(big=numbered(3 * MIB // 13))
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, "big")
        place.put("/big", b"LINE" + place.store.nodes["/big"].data[4:])  # as long as before
        await pilot.press("end")
        await says(pilot, "/big: it was changed since it was opened here. r reads it anew.")
        await pilot.press("r")
        await settled(pilot)
        await says(pilot, "LINE 0000001")
        assert "it was changed" not in text(app)


async def test_a_lost_connection_is_one_sentence_and_what_was_read_stays() -> None:
    place = Far(big=numbered(3 * MIB // 13))
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, "big")

        def fail(operation: str, path: str) -> None:
            raise ConnectionLost(path)

        place.store.fail = fail
        await pilot.press("end")
        await says(pilot, "/big: the connection was lost.")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)


async def test_the_first_lines_are_there_while_the_rest_is_on_its_way() -> None:
    place, gate, chunks = Far(big=numbered(2 * MIB // 13)), threading.Event(), []

    def wait(operation: str, path: str) -> None:
        if operation == "chunk":
            chunks.append(path)
            if len(chunks) > 1:
                gate.wait(30)

    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        place.store.fail = wait
        await pilot.press("home", "f3")
        await says(pilot, "line 0000001", "reading…")
        await pilot.press("pagedown")
        await says(pilot, "line 0000021")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        gate.set()


async def test_a_place_without_ranges_shows_the_beginning_and_says_why_no_more() -> None:
    place = Far(big=numbered(3 * MIB // 13))
    place.ranged = False
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, "big")
        await says(pilot, "line 0000001")
        assert place.fetched <= MIB + (1 << 16)
        await pilot.press("end")
        await says(pilot, "only as a whole")


async def test_an_empty_file_and_a_folder_and_nothing_are_told_apart() -> None:
    place = Far(empty=b"")
    place.store.add("/folder", Kind.DIR)
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, "empty")
        await says(pilot, "memory://k/empty", "0 B", "utf-8")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        await pilot.press("home", "f3")
        await says(pilot, "“folder” is a folder: Enter opens it.")


async def test_bytes_open_as_hex_and_h_shows_them_as_text() -> None:
    app = app_on(Far(program=b"\x7fELF\x00\x01" + bytes(range(200))))
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, "program")
        await says(pilot, "00000000 7f 45 4c 46 00 01", "·ELF", "hex")
        await pilot.press("h")
        await says(pilot, "\\x7fELF\\x00", "latin-1")
        await pilot.press("e")
        await says(pilot, "cp1252")
        await pilot.press("h")
        await says(pilot, "00000000 7f")


async def test_hostile_text_is_only_ever_text() -> None:
    payload = b"\x1b[2J\x1b]0;owned\x07 \xe2\x80\xae \x9b31m [bold]x[/bold] \x00" * 3 + b"\n"
    app = app_on(Far(**{"a.txt": b"start\n" + payload.replace(b"\0", b"") + b"x" * 100_000}))
    async with app.run_test(size=SMALL) as pilot:
        screen = await look(pilot, "a.txt")
        await says(pilot, "\\x1b[2J\\x1b]0;owned\\x07", "[bold]x[/bold]")
        for key in ("w", "#", "e", "h", "h", "end", "right"):
            await pilot.press(key)
            await settled(pilot)
            strips = [screen.body.render_line(y) for y in range(screen.body.size.height)]
            assert all(strip.text.isprintable() for strip in strips)
            assert all(strip.cell_length == screen.body.size.width for strip in strips)


async def test_long_lines_wrap_or_go_sideways() -> None:
    line = b"".join(b"%04d " % n for n in range(100))
    app = app_on(Far(wide=line + b"\nsecond\n"))
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, "wide")
        assert "0016" not in text(app)
        await pilot.press(*["right"] * 3)
        assert "0019" in text(app) and "0000" not in text(app)
        await pilot.press("w")
        await says(pilot, "0000", "0099", "second", "wrapped")


async def test_searching_forwards_backwards_and_on_into_what_is_not_read() -> None:
    data = numbered(MIB // 13) + b"the needle\n" + numbered(MIB // 13)
    place = Far(big=b"alpha\nBeta\n" + data)
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        screen = await look(pilot, "big")
        await pilot.press("slash", *"beta", "enter")
        await until(pilot, lambda: screen._found_at == 1)
        await pilot.press("slash", *"needle", "enter")
        await says(pilot, "“needle” is not found up to 1.0 MiB: n reads on.")
        assert place.fetched <= MIB
        await pilot.press("n")
        await says(pilot, "the needle")
        await pilot.press("n")
        await says(pilot, "“needle” is not found")
        await pilot.press("slash", *"0000007", "enter")
        await pilot.press("N")
        await says(pilot, "line 0000007")


async def test_bytes_are_searched_by_their_digits() -> None:
    app = app_on(Far(program=bytes(5000) + b"\xde\xad\xbe\xef" + bytes(5000)))
    async with app.run_test(size=SMALL) as pilot:
        screen = await look(pilot, "program")
        await pilot.press("slash", *"0xdeadbeef", "enter")
        await until(pilot, lambda: screen._found_at == 5000)
        assert "de ad be ef" in text(app)
        await pilot.press("slash", *"0xg", "enter")
        await says(pilot, "not hexadecimal")


async def test_going_to_a_line_a_byte_and_a_share() -> None:
    place = Far(big=numbered(20 * MIB // 13))
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, "big")
        await pilot.press("colon", *"100000", "enter")
        await settled(pilot)
        await says(pilot, "line 0100000")
        assert place.fetched <= 3 * MIB
        await pilot.press("colon", *"@13000000", "enter")
        await settled(pilot)
        await says(pilot, "line 1000001", "byte 13,000,000")
        assert place.fetched <= 4 * MIB
        await pilot.press("colon", *"50%", "enter")
        await settled(pilot)
        await says(pilot, " 49%")
        await pilot.press("colon", *"x", "enter")
        await says(pilot, "“x” is no place")


async def test_a_remote_zip_is_listed_without_fetching_it() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("../../up\x1b[31m", bytes(20 * MIB))
        archive.writestr("docs/readme.txt", b"hello")
    place = Far(**{"a.zip": made.getvalue()})
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, "a.zip")
        await says(pilot, "2 entries, 20.0 MiB unpacked", "../../up\\x1b[31m", "docs/readme.txt")
        assert place.fetched <= MIB
        await pilot.press("h")
        await says(pilot, "50 4b 03 04")
        await pilot.press("h")
        await says(pilot, "docs/readme.txt")


async def test_a_damaged_zip_says_so_and_its_bytes_can_be_seen() -> None:
    app = app_on(Far(**{"a.zip": b"PK\x03\x04" + b"x" * 20_000}))
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, "a.zip")
        await says(pilot, "a zip without its list at the end", "h shows its bytes")


def png(width: int, height: int, noise: bool = False) -> bytes:
    from PIL import Image

    made = io.BytesIO()
    image = Image.effect_noise((width, height), 99) if noise else Image.new("L", (width, height))
    image.convert("RGB").save(made, "PNG")
    return made.getvalue()


async def test_a_picture_is_drawn_and_fits_when_the_terminal_changes() -> None:
    app = app_on(Far(**{"a.txt": png(400, 300)}))
    async with app.run_test(size=SMALL) as pilot:
        screen = await look(pilot, "a.txt")
        await says(pilot, "PNG, 400 × 300 pixels", "▀▀▀▀")
        await pilot.resize_terminal(40, 12)
        await until(pilot, lambda: 0 < len(screen.view.contents.all_rows) <= 10)
        await settled(pilot)
        assert "▀▀▀▀" in text(app)


async def test_a_large_remote_picture_is_fetched_only_when_asked_for() -> None:
    data = png(1000, 900, noise=True)
    assert len(data) > MIB
    place = Far(**{"a.png": data})
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, "a.png")
        await says(pilot, "PNG, 1,000 × 900 pixels", "p reads all of it")
        assert place.fetched <= MIB
        await pilot.press("p")
        await says(pilot, "▀▀▀▀")
        fetched = place.fetched
        await pilot.resize_terminal(60, 20)
        await settled(pilot)
        assert "▀▀▀▀" in text(app) and place.fetched == fetched


async def test_a_source_text_gets_colours_and_local_files_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f():\n    return 'x'\n", encoding="utf-8")
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        screen = await look(pilot, "a.py")
        await until(pilot, lambda: screen.view.text.rows()[0].runs)
        assert screen.view.text.rows()[0].runs[0].look == "keyword"
        assert "def f():" in text(app)


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (20, 5)])
async def test_every_look_fits_any_terminal(size: tuple[int, int]) -> None:
    app = app_on(Far(a=numbered(500)))
    async with app.run_test(size=size) as pilot:
        screen = await look(pilot, "a")
        for key in ("#", "w", "h", "end", "h", "pageup"):
            await pilot.press(key)
            await settled(pilot)
            assert screen.body.size.height >= 1
            assert len(screen.view.page.rows()) <= screen.body.size.height
