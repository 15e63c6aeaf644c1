"""Every dialog: answered by keyboard alone and by mouse, small screens, hostile text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.screen import Screen
from textual.widgets import Button

from providers.base import Entry, Kind, Place
from providers.errors import AuthRequired, HostKeyUnknown, Unsupported
from providers.extras import Revision, Unfinished
from providers.vault import FileVault, KeyringVault
from tests.tui.attempts import FakeAttempt
from transfers.model import Conflict, Policy, SetLimits
from tui.bookmarks import BookmarksFile
from tui.changes import Change, Did, Thing
from tui.facts import facts
from tui.screens.bookmarks import BookmarksScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.conflict import ConflictAnswer, ConflictScreen, compare
from tui.screens.connect import ConnectScreen
from tui.screens.device_code import DeviceCodeScreen
from tui.screens.dialog import Choice, Dialog
from tui.screens.find import FindScreen
from tui.screens.go_to import GoToScreen
from tui.screens.host_key import HostKeyScreen
from tui.screens.limits import LimitScreen
from tui.screens.link import LinkScreen
from tui.screens.link_time import LinkTimeScreen
from tui.screens.message import MessageScreen
from tui.screens.mode import ModeScreen
from tui.screens.moves import CLOSE, EDIT, MovesScreen, Row
from tui.screens.new_link import NewLinkScreen
from tui.screens.prompt import PromptScreen
from tui.screens.properties import PropertiesScreen
from tui.screens.quit import Leave, QuitAnswer, QuitScreen
from tui.screens.secret import SecretAnswer, SecretScreen
from tui.screens.site_form import SiteForm
from tui.screens.undo import UndoScreen
from tui.screens.unfinished import UnfinishedScreen
from tui.screens.versions import VersionsScreen
from tui.unfinished import Left

HOSTILE = "a[red]b[/zzz]\x1b[31m\u202ec\nd"
HERE = Place("memory://x", "/")
HOSTILE_SHOWN = "a[red]b[/zzz]\\x1b[31m\\u202ec\\x0ad"


def entry(name: str = "report.pdf", **facts: Any) -> Entry:
    return Entry(f"/srv/{name}", name, Kind.FILE, **{"size": 10, "modified": 1e9} | facts)


def conflict(name: str = "report.pdf", **new: Any) -> Conflict:
    return Conflict(entry(name, **new), entry(name))


def unknown_key(endpoint: str = "sftp://ann@host:22") -> HostKeyUnknown:
    fingerprint = "SHA256:uNiVztksCsDhcc0u9e8BrKJjfRtGNbC2JrZ+Ga0gJ9A"
    return HostKeyUnknown(
        endpoint, "unknown", key_type="ssh-ed25519", fingerprint=fingerprint, remark=HOSTILE
    )


def password(endpoint: str = "sftp://ann@host:22", rejected: bool = False) -> AuthRequired:
    return AuthRequired(endpoint, rejected=rejected)


def sign_in_at(endpoint: str) -> AuthRequired:
    return AuthRequired(endpoint, "nobody is signed in", needs="sign-in")


def kept(name: str) -> Revision:
    return Revision(entry(name), current=False, deleted=True)


def left(path: str) -> Left:
    return Left(Unfinished(path, "1", 1e9, 10), path, in_queue=True, error=HOSTILE)


def changed(name: str) -> Change:
    return Change(Did.RENAMED, "memory://x", (Thing(name, entry(name), f"/srv/{name}"),), 1e9)


def one(item: Any) -> Any:
    """Hands over one page, with one item."""

    async def read(take: Any) -> None:
        take([item], True)

    return read


async def nothing(*args: object) -> Any:
    raise Unsupported(HOSTILE)


def refused(place: Place, text: str) -> Place:
    raise Unsupported(HOSTILE)


DIALOGS: dict[str, Callable[[], Dialog[Any]]] = {
    "conflict": lambda: ConflictScreen(conflict(HOSTILE), 7),
    "host key": lambda: HostKeyScreen(unknown_key(f"sftp://{HOSTILE}")),
    "secret": lambda: SecretScreen(password(HOSTILE, rejected=True)),
    "confirm": lambda: ConfirmScreen(HOSTILE, [HOSTILE] * 30, "Delete", dangerous=True),
    "prompt": lambda: PromptScreen(HOSTILE, HOSTILE, HOSTILE, lambda _: HOSTILE),
    "connect": lambda: ConnectScreen([HOSTILE] * 30),
    "properties": lambda: PropertiesScreen(HOSTILE, facts(entry(HOSTILE), "x"), nothing, where="x"),
    "versions": lambda: VersionsScreen(
        Place("memory://x", "/"), one(kept(HOSTILE)), nothing, folder=True
    ),
    "link time": lambda: LinkTimeScreen(HOSTILE, 7 * 86400.0),
    "link": lambda: LinkScreen(HOSTILE, nothing),
    "device code": lambda: DeviceCodeScreen(
        sign_in_at(HOSTILE), FakeAttempt(HOSTILE), browser=True
    ),
    "unfinished": lambda: UnfinishedScreen(HOSTILE, one(left(HOSTILE)), nothing, nothing),
    "message": lambda: MessageScreen(HOSTILE, HOSTILE * 20, HOSTILE),
    "moves": lambda: MovesScreen(
        "Rename these?",
        HOSTILE,
        [Row(HOSTILE, HOSTILE, HOSTILE, "left")] * 30,
        (Choice("go", "enter", "Rename"), EDIT, CLOSE),
        wrong=HOSTILE * 5,
        doubt=HOSTILE,
    ),
    "undo": lambda: UndoScreen([changed(HOSTILE)] * 30),
    "new link": lambda: NewLinkScreen(HOSTILE, lambda _: HOSTILE),
    "permissions": lambda: ModeScreen(HOSTILE, 0o644, folders=True),
    "find": lambda: FindScreen(HOSTILE, hidden=False),
    "bookmarks": lambda: BookmarksScreen(
        BookmarksFile(Path("not there.toml")), None, None, [HOSTILE, *"abcdefghijklmnopqrstuvwxyz"]
    ),
    "go to": lambda: GoToScreen(Place("memory://x", HOSTILE), [HOSTILE], refused, nothing),
}
OWN_WORDS: dict[str, Callable[[], Dialog[Any]]] = {
    "quit": lambda: QuitScreen(1_234_567, 89, background=True),
    "quit here": lambda: QuitScreen(1_234_567, 89, background=False),
    "limits": lambda: LimitScreen(10 << 20, 4),
    "new site": lambda: SiteForm(),
}
"""Those that show nothing from elsewhere."""
EVERY = DIALOGS | OWN_WORDS


class Asking(App[None]):
    """Shows one dialog and keeps what it answered."""

    def __init__(self, dialog: Screen[Any]) -> None:
        super().__init__()
        self.dialog = dialog
        self.answers: list[Any] = []

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.answers.append)

    def text(self) -> str:
        strips = self.dialog._compositor.render_strips()
        return "\n".join(strip.text for strip in strips)


async def answers(dialog: Screen[Any], *keys: str, size: tuple[int, int] = (80, 24)) -> list[Any]:
    app = Asking(dialog)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        return app.answers


async def test_what_else_there_is_to_know_of_a_host_key_is_shown() -> None:
    app = Asking(HostKeyScreen(unknown_key()))
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        assert f"Note: {HOSTILE_SHOWN}." in app.text()


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("size", [(80, 24), (40, 12), (160, 48)])
async def test_a_dialog_fits_any_screen_with_its_choices_in_sight(
    name: str, size: tuple[int, int]
) -> None:
    app = Asking(EVERY[name]())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        screen = app.dialog.region
        assert screen.contains_region(app.dialog.query_one("#frame").region)
        for button in app.dialog.query(Button):
            assert screen.contains_region(button.region), button.id
            assert button.region.height == 1
            assert app.dialog.query_one("#frame").content_region.contains_region(button.region)


@pytest.mark.parametrize("name", DIALOGS)
async def test_text_from_elsewhere_is_shown_literally_and_harmless(name: str) -> None:
    app = Asking(DIALOGS[name]())
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        shown = app.text()
        assert HOSTILE_SHOWN in shown
        assert "\x1b" not in shown and "\u202e" not in shown


@pytest.mark.parametrize("name", EVERY)
async def test_escape_gives_the_harmless_answer(name: str) -> None:
    assert await answers(EVERY[name](), "escape") == [False if name == "confirm" else None]


@pytest.mark.parametrize(
    ("name", "harmless"),
    [
        ("conflict", ConflictAnswer(Policy.SKIP, False)),
        ("host key", None),
        ("confirm", False),
        ("message", None),
        ("quit", QuitAnswer(Leave.KEEP)),
        ("limits", SetLimits(rate=10 << 20, workers=4)),
    ],
)
async def test_enter_alone_does_no_harm(name: str, harmless: object) -> None:
    assert await answers(EVERY[name](), "enter") == [harmless]


@pytest.mark.parametrize("no_color", [False, True])
async def test_the_focused_choice_stands_out_without_colour_too(
    no_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    app = Asking(ConflictScreen(conflict(), 0))
    async with app.run_test() as pilot:
        await pilot.pause()
        focused = app.dialog.query_one("#skip")
        other = app.dialog.query_one("#rename")
        assert focused.has_focus
        assert focused.rich_style != other.rich_style
        assert not no_color or focused.rich_style.reverse


@pytest.mark.parametrize(
    ("key", "policy"),
    [
        ("s", Policy.SKIP),
        ("o", Policy.OVERWRITE),
        ("r", Policy.RENAME),
        ("n", Policy.NEWER),
        ("d", Policy.DIFFERENT),
    ],
)
async def test_a_conflict_is_answered_with_one_letter(key: str, policy: Policy) -> None:
    assert await answers(ConflictScreen(conflict(), 3), key) == [ConflictAnswer(policy, False)]
    whole = [ConflictAnswer(policy, True)]
    assert await answers(ConflictScreen(conflict(), 3), "a", key) == whole


async def test_a_conflict_of_one_file_offers_nothing_for_others() -> None:
    only = await answers(ConflictScreen(conflict(), 0), "a", "o")
    assert only == [ConflictAnswer(Policy.OVERWRITE, False)]


async def test_arrows_reach_every_choice() -> None:
    down = await answers(ConflictScreen(conflict(), 0), "right", "down", "enter")
    assert down == [ConflictAnswer(Policy.RENAME, False)]


async def test_a_dialog_is_answered_with_the_mouse() -> None:
    app = Asking(ConflictScreen(conflict(), 3))
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.click("#all")
        await pilot.click("#rename")
        await pilot.pause()
        assert app.answers == [ConflictAnswer(Policy.RENAME, True)]


async def test_a_dialog_that_appears_by_itself_ignores_what_was_typed_elsewhere() -> None:
    assert await answers(ConflictScreen(conflict(), 3, quiet=60.0), "o", "enter") == []
    assert await answers(HostKeyScreen(unknown_key(), quiet=60.0), "r") == []


async def test_typing_on_keeps_a_dialog_deaf() -> None:
    app = Asking(ConflictScreen(conflict(), 3, quiet=60.0))
    async with app.run_test() as pilot:
        await pilot.pause()
        app.dialog.listens_from -= 59.0  # type: ignore[attr-defined]
        await pilot.press("x")
        await pilot.pause(1.1)
        await pilot.press("o")
        assert app.answers == []


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ({"size": 20, "modified": 2e9}, "The new one: newer, larger."),
        ({"size": 5, "modified": 1e8}, "The new one: older, smaller."),
        ({"modified": 2e9}, "The new one: newer, same size."),
        (
            {"modified": 1e9 + 0.4},
            "Both have the same size and time.",
        ),
        ({"size": None, "modified": None}, "Nothing more is known about them."),
    ],
)
def test_both_sides_are_compared_in_words(new: dict[str, Any], says: str) -> None:
    assert compare(entry(**new), entry()) == says


def test_the_same_content_is_only_said_when_digests_show_it() -> None:
    one, other = {"sha256": "aa"}, {"sha256": "bb"}
    assert "same content (sha256)" in compare(entry(digests=one), entry(digests=one))
    assert compare(entry(digests=one), entry(digests=other)) == "Their content differs."
    assert "content" not in compare(entry(digests=one), entry(digests={"md5": "aa"}))


async def test_a_host_key_is_trusted_only_when_asked_to() -> None:
    assert await answers(HostKeyScreen(unknown_key()), "o") == ["once"]
    assert await answers(HostKeyScreen(unknown_key()), "r") == ["remember"]
    assert await answers(HostKeyScreen(unknown_key()), "n") == [None]


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_whole_fingerprint_is_in_sight(size: tuple[int, int]) -> None:
    app = Asking(HostKeyScreen(unknown_key()))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        shown = app.text().replace("\n", "").replace("│", "").replace(" ", "")
        assert "Ga0gJ9A" in shown and "ssh-ed25519" in shown


async def test_a_password_is_answered_and_never_shown() -> None:
    app = Asking(SecretScreen(password(rejected=True)))
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press(*"n0t-o[k]")
        await pilot.pause()
        shown = app.text()
        assert "n0t-o" not in shown and "refused" in shown
        await pilot.press("enter")
        await pilot.pause()
        assert app.answers == [SecretAnswer("n0t-o[k]")]
        assert "n0t-o" not in repr(app.answers)


async def test_a_secret_is_remembered_only_when_asked_to(tmp_path: Path) -> None:
    vault = FileVault(tmp_path / "secrets.json")
    typed = SecretAnswer("x", keep=False)
    assert await answers(SecretScreen(password(), vault=vault), "x", "enter") == [typed]
    keys = ("x", "ctrl+r", "enter")
    typed = SecretAnswer("x", keep=True)
    assert await answers(SecretScreen(password(), vault=vault), *keys) == [typed]


async def test_a_keyring_that_is_of_no_use_says_why_and_what_to_choose() -> None:
    vault = KeyringVault()
    vault.get("sftp://h:22", "password", "")
    app = Asking(SecretScreen(password(), vault=vault))
    async with app.run_test() as pilot:
        await pilot.pause()
        shown = " ".join(app.text().replace("│", " ").split())
        assert "this computer offers no keyring" in shown
        assert 'secrets = "file"' in shown
        await pilot.press("x", "ctrl+r", "enter")
        assert app.answers == [SecretAnswer("x", keep=False)]


async def test_every_kind_of_secret_is_asked_for_by_its_name() -> None:
    for needs, name in (("token", "Token:"), ("query", "The whole address of /f?~1a2b3c4d:")):
        error = AuthRequired("https://h", needs=needs, subject="/f?~1a2b3c4d" * (needs == "query"))
        app = Asking(SecretScreen(error))
        async with app.run_test() as pilot:
            await pilot.pause()
            assert name in app.text()


@pytest.mark.parametrize(
    ("what", "subject", "rejected", "asked"),
    [
        ("the key id_a was refused; it takes keys only", "", True, "another private key file:"),
        ("the key id_a cannot be used", "id_a", False, "another private key file:"),
        ("the server takes keys only", "", False, "a private key file:"),
    ],
)
async def test_a_person_is_told_which_key_would_not_do_before_another_is_asked_for(
    what: str, subject: str, rejected: bool, asked: str
) -> None:
    error = AuthRequired("sftp://h", what, needs="key", subject=subject, rejected=rejected)
    app = Asking(SecretScreen(error))
    async with app.run_test() as pilot:
        await pilot.pause()
        assert what in app.text() and f"Path of {asked}" in app.text()
        assert "The last one" not in app.text()  # nobody gave one here


async def test_an_empty_password_is_not_an_answer() -> None:
    assert await answers(SecretScreen(password()), "enter") == []


async def test_yes_is_y_and_no_is_n() -> None:
    assert await answers(ConfirmScreen("Delete?", ["x"], "Delete", dangerous=True), "y") == [True]
    assert await answers(ConfirmScreen("Delete?", ["x"], "Delete", dangerous=True), "n") == [False]
    assert await answers(ConfirmScreen("Go on?", ["x"], "Go on"), "enter") == [True]


async def test_renaming_starts_with_the_stem_selected() -> None:
    rename = PromptScreen("Rename", "New name", "report.pdf", select_stem=True)
    assert await answers(rename, *"new", "enter") == ["new.pdf"]


async def test_a_text_that_will_not_do_is_said_at_once_and_not_accepted() -> None:
    def check(text: str) -> str | None:
        return f"“{text}” [bold]exists" if text == "b" else None

    app = Asking(PromptScreen("New folder", "Name", "a", check))
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("b")
        await pilot.pause()
        assert "“b” [bold]exists" in app.text()
        await pilot.press("enter")
        assert app.answers == []
        await pilot.press("c", "enter")
        await pilot.pause()
        assert app.answers == ["bc"]


async def test_a_hostile_name_left_alone_is_answered_unchanged() -> None:
    assert await answers(PromptScreen("Rename", "Name", HOSTILE), "enter") == [HOSTILE]


async def test_letters_of_choices_are_typed_where_text_is_asked() -> None:
    assert await answers(PromptScreen("Filter", "Text"), *"nyo", "enter") == ["nyo"]


async def test_enter_on_cancel_cancels() -> None:
    assert await answers(PromptScreen("New", "Name", "a"), "tab", "tab", "enter") == [None]


async def test_a_long_list_is_scrolled_without_leaving_the_choices() -> None:
    app = Asking(ConfirmScreen("Delete?", [f"file {i}" for i in range(100)], "Delete"))
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("pagedown")
        await pilot.pause()
        assert app.dialog.query_one("#body").scroll_offset.y > 0
        assert app.dialog.query_one("#yes").has_focus


async def test_limits_are_typed_as_a_person_says_them() -> None:
    keys = ("ctrl+u", *"500k", "tab", "ctrl+u", *"8", "enter")
    assert await answers(LimitScreen(0, 4), *keys) == [SetLimits(rate=500 << 10, workers=8)]
    assert await answers(LimitScreen(10 << 20, 4), "ctrl+u", "0", "enter") == [SetLimits(0, 4)]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (("ctrl+u", *"fast"), "is not a rate such as 500K"),
        (("ctrl+u", *"12"), "at least 1K"),
        (("tab", "ctrl+u", *"65"), "between 1 and 64"),
        (("tab", "ctrl+u"), "between 1 and 64"),
    ],
)
async def test_limits_that_will_not_do_are_said_and_not_accepted(
    keys: tuple[str, ...], says: str
) -> None:
    app = Asking(LimitScreen(0, 4))
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press(*keys, "enter")
        await pilot.pause()
        assert says in app.text()
        assert app.answers == []
