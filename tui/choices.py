"""What a person may choose once and keep: each choice with its words, for file and screen alike."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Generic, TypeVar

from providers.records import dataclass
from transfers.model import Carry, Links

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Setting(Generic[Choice]):
    """`key` is its name in settings.toml, `usual` what holds where nothing was chosen."""

    key: str
    usual: Choice
    label: str
    help: str

    @property
    def values(self) -> list[Choice]:
        return list(type(self.usual))


class OnQuit(StrEnum):
    """What becomes of unfinished transfers when the screen is left."""

    ASK = "ask"
    KEEP = "keep"  # they go on in the background
    STOP = "stop"  # they are paused, and the background process ends


class SecretsIn(StrEnum):
    """Where secrets are kept that a person asks to keep."""

    KEYRING = "keyring"  # the system's
    FILE = "file"  # a private file, in the clear
    ASK = "ask"  # nowhere


class Look(StrEnum):
    """The colours of the screen."""

    DARK = "dark"
    LIGHT = "light"
    ANSI = "ansi"  # the terminal's own sixteen
    CONTRAST = "high-contrast"


class Glyphs(StrEnum):
    """Which characters the screen draws."""

    AUTO = "auto"  # as the locale says
    UNICODE = "unicode"
    ASCII = "ascii"


class ShowPlan(StrEnum):
    """When the plan of a copy or move is shown before it is queued."""

    ALWAYS = "always"
    CONFLICTS = "conflicts"  # only where something is there already, in the way, or too large


class Reader(StrEnum):
    """Help for screen readers and braille rows."""

    OFF = "off"
    ON = "on"


class Notify(StrEnum):
    """How a person is called when the queue has come to its end."""

    DESKTOP = "desktop"  # a notification where that can be, and the bell
    BELL = "bell"
    OFF = "off"


class TerminalProgress(StrEnum):
    """Whether the terminal's title and its progress (OSC 9;4) show the queue."""

    ON = "on"
    OFF = "off"


ON_QUIT = Setting("on_quit", OnQuit.ASK, "On quitting", "what becomes of unfinished transfers")
SECRETS = Setting(
    "secrets", SecretsIn.KEYRING, "Secrets", "where they are kept, from the next start on"
)
PLAN = Setting("plan", ShowPlan.ALWAYS, "Plans", "shown before a copy or move is queued")
LINKS = Setting(
    "links", Links.LINK, "Links", "made again with the same text, followed, or left out of a copy"
)
CARRY = Setting("keep", Carry.ALL, "Keep", "what a copy gets of its source's time and permissions")
LOOK = Setting("theme", Look.DARK, "Theme", "the colours of the screen")

GLYPHS = Setting("glyphs", Glyphs.AUTO, "Characters", "what is drawn with, from the next start on")
READER = Setting(
    "screen_reader", Reader.OFF, "Screen reader", "a line in words and the terminal's own cursor"
)
NOTIFY = Setting(
    "notify", Notify.DESKTOP, "Queue's end", "how you are called when all transfers have ended"
)
PROGRESS = Setting(
    "terminal_progress",
    TerminalProgress.ON,
    "Title bar",
    "whether the terminal's title and progress show the queue, from the next start on",
)

SETTINGS: tuple[Setting[Any], ...] = (
    LOOK,
    GLYPHS,
    READER,
    PLAN,
    LINKS,
    CARRY,
    NOTIFY,
    PROGRESS,
    ON_QUIT,
    SECRETS,
)
"""All of them, as the settings screen shows them."""
