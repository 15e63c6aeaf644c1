"""Where to: an address as one line, or the fields that build it, or a recent one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label, OptionList, Static

from providers import location
from providers.base import Place
from providers.errors import InvalidName
from providers.text import printable
from tui.screens.dialog import CANCEL, Choice, Dialog, line


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one kind of place, (name, hint) each, and the address they make."""

    kind: str
    fields: tuple[tuple[str, str], ...]
    address: Callable[[Mapping[str, str]], str]


def sftp_address(fields: Mapping[str, str]) -> str:
    """ "sftp://user@host:port/path"; "" without a host."""
    host, user, port, path = (fields[name].strip() for name in ("host", "user", "port", "path"))
    if not host:
        return ""
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    path = f"/{path}" if path and not path.startswith("/") else path
    return f"sftp://{user}{'@' if user else ''}{host}{':' if port else ''}{port}{path}"


FORMS = (
    Form(
        "SFTP",
        (
            ("host", "name or address"),
            ("user", "your own name"),
            ("port", "22"),
            ("path", "the home directory"),
        ),
        sftp_address,
    ),
)


class ConnectScreen(Dialog[Place | None]):
    """The place to open, or None. A password is asked for later, when the server wants one."""

    DEFAULT_CSS = """
    ConnectScreen .row { height: 1; }
    ConnectScreen .row Label { width: 9; }
    ConnectScreen .row Input { width: 1fr; }
    ConnectScreen OptionList { height: auto; max-height: 6; border: none; padding: 0; }
    """

    def __init__(self, recent: Sequence[str]) -> None:
        choices = [Choice("ok", "enter", "Connect"), Choice(CANCEL, "escape", "Cancel")]
        super().__init__("Open a place", choices, focus="address")
        self.recent = tuple(recent)
        self.form = FORMS[0]

    def body(self) -> ComposeResult:
        yield _row("Address", Input(id="address", compact=True, placeholder="sftp://host or /path"))
        yield Static("", id="says", markup=False)
        yield line(f"or, for {self.form.kind}:", "dim gap")
        for name, hint in self.form.fields:
            field = Input(id=name, compact=True, placeholder=hint, classes="field")
            yield _row(name.capitalize(), field)
        if self.recent:
            yield line("Recent:", "dim gap")
            yield OptionList(*(printable(text) for text in self.recent), markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        address = self.query_one("#address", Input)
        if event.input.has_class("field"):
            fields = {field.id or "": field.value for field in self.query(".field").results(Input)}
            with self.prevent(Input.Changed):
                address.value = self.form.address(fields)
        self._place(address.value)

    def on_input_submitted(self) -> None:
        self.action_choose("ok")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.query_one("#address", Input).value = self.recent[event.option_index]
        self.action_choose("ok")

    def chosen(self, choice: str) -> None:
        if choice != "ok":
            self.dismiss(None)
        elif place := self._place(self.query_one("#address", Input).value):
            self.dismiss(place)

    def _place(self, address: str) -> Place | None:
        """The place that was typed so far; says what it is, or what is wrong with it."""
        says = self.query_one("#says", Static)
        try:
            place = location.parse(address.strip()) if address.strip() else None
        except InvalidName as error:
            says.set_classes("bad")
            says.update(printable(f"{error.what}. {error.advice}"))
            return None
        says.set_classes("dim")
        says.update("")
        if place is not None:
            kind = "a folder here" if place.endpoint == location.LOCAL else place.endpoint
            says.update(printable(f"opens {kind}: {place.path or 'home'}"))
        return place


def _row(label: str, field: Input) -> Horizontal:
    return Horizontal(Label(label, markup=False), field, classes="row")
