"""A saved site, as a form that its kind describes: nothing here knows any kind by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from providers import registry, sites
from providers.errors import InvalidName, Secret
from providers.records import dataclass, field
from providers.sites import Field, Site, SiteKind
from providers.text import printable
from tui.screens.dialog import CANCEL, Choice, Dialog

_NAME = Field("name", "Name *", "work: small letters, digits, dots, dashes")
_KIND = "kind"


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """`secrets`: those that were typed, to be kept; what was left empty stays as it is."""

    site: Site
    secrets: tuple[tuple[Secret, str], ...] = field(default=(), repr=False)


class OneOf(Static, can_focus=True):
    """One of a few choices on one line: left, right or Space; a click takes the next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space", "step(1)", show=False),
        Binding("left", "step(-1)", show=False),
    ]
    ALLOW_SELECT = False
    index = reactive(0)

    class Changed(Message):
        """Another choice was taken."""

    def __init__(self, choices: Mapping[str, str], value: str, *, id: str) -> None:
        """`choices`: what is shown for each value."""
        super().__init__(id=id)
        self.values = tuple(choices)
        self.labels = tuple(choices.values())
        known = value in self.values
        self.set_reactive(OneOf.index, self.values.index(value) if known else 0)

    @property
    def value(self) -> str:
        return self.values[self.index]

    def render(self) -> Content:
        chosen = "bold reverse" if self.has_focus else "bold"
        told = [
            Content.styled(printable(label), chosen if i == self.index else "dim")
            for i, label in enumerate(self.labels)
        ]
        return Content("  ").join(told)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def action_step(self, steps: int) -> None:
        self.index = (self.index + steps) % len(self.values)
        self.post_message(self.Changed())

    def on_click(self) -> None:
        self.action_step(1)


class SiteForm(Dialog[SiteAnswer | None]):
    """What is to be saved, or None. `site`: the one to change; None: a new one.

    `taken`: the names of those that are there. `vault`: where secrets go, for a sentence.
    """

    DEFAULT_CSS = """
    SiteForm .row { height: 1; }
    SiteForm .row Label { width: 17; height: 1; }
    SiteForm .row Input, SiteForm .row OneOf { width: 1fr; }
    SiteForm OneOf:focus { background: $boost; }
    SiteForm #fields { height: auto; }
    """

    def __init__(
        self, site: Site | None = None, *, taken: Collection[str] = (), vault: str = ""
    ) -> None:
        choices = [Choice("ok", "enter", "Save"), Choice(CANCEL, "escape", "Cancel")]
        title = "New site" if site is None else f"Site {site.name}"
        super().__init__(title, choices, focus=_id(_NAME.name) if site is None else "fields")
        self.site = site
        self.taken = frozenset(taken)
        self.vault = vault
        self.kinds = registry.kinds()

    def body(self) -> ComposeResult:
        yield Static("* is needed", id="wrong", classes="dim", markup=False)
        if self.site is None:
            yield _row(_NAME.label, Input(id=_id(_NAME.name), compact=True, placeholder=_NAME.hint))
            titles = {kind.kind: kind.title for kind in self.kinds.values()}
            yield _row("Kind", OneOf(titles, "", id=_id(_KIND)))
        values = self.site.values if self.site is not None else {}
        with Vertical(id="fields"):
            yield from self._rows(values)

    def on_mount(self) -> None:
        if self.site is not None:
            self.query_one("#fields").query("Input, OneOf").first().focus()

    def _kind(self) -> SiteKind:
        if self.site is not None:
            return sites.kind_of(self.site)
        chosen = self.query(f"#{_id(_KIND)}").results(OneOf)
        return self.kinds[next((each.value for each in chosen), next(iter(self.kinds)))]

    def _rows(self, values: Mapping[str, str]) -> ComposeResult:
        for each in self._kind().fields:
            value = values.get(each.name, "")
            label = f"{each.label} *" if each.required else each.label
            yield _row(label, self._widget(each, value))

    def _widget(self, about: Field, value: str) -> Input | OneOf:
        if about.choices:
            shown = {choice: choice for choice in about.choices}
            return OneOf(shown, value, id=_id(about.name))
        hint = about.hint
        if about.secret is not None:
            hint = f"goes to {self.vault}" if self.vault else "for this run only"
        return Input(
            printable(value.replace("\n", "; ")),
            id=_id(about.name),
            compact=True,
            placeholder=hint,
            password=about.secret is not None,
            select_on_focus=False,
        )

    async def on_one_of_changed(self, event: OneOf.Changed) -> None:
        event.stop()
        kind = self.query(f"#{_id(_KIND)}").results(OneOf)
        if any(each.has_focus for each in kind):
            fields = self.query_one("#fields", Vertical)
            values = self._typed(fields.query("Input, OneOf").results())
            await fields.remove_children()
            await fields.mount(*self._rows(values))

    def _typed(self, widgets: Iterable[Widget]) -> dict[str, str]:
        found: dict[str, str] = {}
        for widget in widgets:
            if isinstance(widget, Input | OneOf) and widget.id:
                found[widget.id.removeprefix("field-")] = widget.value.strip()
        return found

    def on_input_submitted(self) -> None:
        self.action_choose("ok")

    def chosen(self, choice: str) -> None:
        if choice != "ok":
            self.dismiss(None)
            return
        try:
            self.dismiss(self._answer())
        except InvalidName as error:
            self._complain(error)

    def _answer(self) -> SiteAnswer:
        """Raises InvalidName whose `path` is the field."""
        kind = self._kind()
        typed = self._typed(self.query("Input, OneOf").results())
        name = typed.pop("name") if self.site is None else self.site.name
        if name in self.taken:
            raise InvalidName("name", f"there is a site “{name}” already", advice="")
        secrets = tuple(
            (each.secret, self.query_one(f"#{_id(each.name)}", Input).value)
            for each in kind.fields
            if each.secret is not None and typed.get(each.name)
        )
        values = {
            each.name: self._value(each, typed[each.name])
            for each in kind.fields
            if each.secret is None
        }
        site = Site(name, kind.kind, {key: value for key, value in values.items() if value})
        sites.check(site)
        return SiteAnswer(site, secrets)

    def _value(self, about: Field, typed: str) -> str:
        """What stands in the file: a value left as it was stays as it was, the default is none."""
        old = self.site.values.get(about.name, "") if self.site is not None else ""
        if typed == printable(old.replace("\n", "; ")).strip():
            return old
        return "" if about.choices and typed == about.choices[0] and not old else typed

    def _complain(self, error: InvalidName) -> None:
        wrong = self.query_one("#wrong", Static)
        wrong.set_classes("bad")
        wrong.update(printable(f"{error.what}. {error.advice}".strip()))
        for widget in self.query(f"#{_id(error.path)}"):
            widget.focus()


def _id(name: str) -> str:
    return f"field-{name}"


def _row(label: str, widget: Input | OneOf) -> Horizontal:
    return Horizontal(Label(label, markup=False), widget, classes="row")
