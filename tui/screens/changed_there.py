"""What is asked after a file was edited: it changed there meanwhile, or it may still be open."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from textual.app import ComposeResult

from tui.screens.dialog import CANCEL, Choice, Dialog, line


class Fate(StrEnum):
    """What becomes of the edited copy."""

    OVERWRITE = "overwrite"
    BESIDE = "beside"
    DROP = "drop"
    KEEP = "keep"


class ChangedThereScreen(Dialog[Fate]):
    """`was` and `now` describe the file there, when it was fetched and since; "" when it is gone.
    Whoever leaves the dialog keeps the copy."""

    def __init__(self, name: str, was: str, now: str, kept: Path) -> None:
        """`kept`: where the edited copy is."""
        back = Choice(Fate.OVERWRITE, "o", "Overwrite" if now else "Put it back", bool(now))
        choices = [
            back,
            *([Choice(Fate.BESIDE, "b", "Keep both")] if now else []),
            Choice(Fate.DROP, "d", "Drop mine", dangerous=True),
            Choice(CANCEL, "escape", "Later"),
        ]
        title = f"{name} changed meanwhile" if now else f"{name} is gone meanwhile"
        super().__init__(title, choices, focus=CANCEL, tone="warning")
        self.was = was
        self.now = now
        self.kept = kept

    def body(self) -> ComposeResult:
        yield line("Somebody changed the file while you edited it." if self.now else
                   "Somebody deleted or renamed the file while you edited it.")  # fmt: skip
        yield line(f"fetched:  {self.was}", "gap")
        if self.now:
            yield line(f"there:    {self.now}")
        yield line(f"yours:    {self.kept}")

    def chosen(self, choice: str) -> None:
        self.dismiss(Fate.KEEP if choice == CANCEL else Fate(choice))


class StillOpenScreen(Dialog[bool | None]):
    """An editor ended at once. True: it is saved now; False: nothing was changed; None: neither,
    so that the copy is kept."""

    def __init__(self, name: str) -> None:
        choices = [
            Choice("saved", "s", "It is saved now"),
            Choice("unchanged", "n", "Nothing was changed"),
            Choice(CANCEL, "escape", "Keep the copy"),
        ]
        super().__init__(f"Is {name} still open?", choices, focus="unchanged")

    def body(self) -> ComposeResult:
        yield line("The editor came back at once, and the file is as it was.")
        yield line("If it is open in a window of its own, save it there first.")

    def chosen(self, choice: str) -> None:
        self.dismiss(None if choice == CANCEL else choice == "saved")
