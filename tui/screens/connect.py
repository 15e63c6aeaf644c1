"""Where to: an address, a saved site, one of the environment, or a place of before."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Label, OptionList, Static

from providers import location
from providers.access import Access
from providers.base import Place
from providers.errors import InvalidName, ProviderError
from providers.records import dataclass, replace
from providers.site_secrets import remove, save
from providers.sites import BadSites, Site, Sites, kind_of
from providers.text import printable
from tui import format as fmt
from tui.background import in_thread
from tui.headless.sites import address
from tui.screens.confirm import ConfirmScreen
from tui.screens.dialog import CANCEL, Choice, Dialog
from tui.screens.site_form import SiteAnswer, SiteForm

Try = Callable[[Place], Awaitable[str]]
"""Connects to a place and says what is there. Raises ProviderError."""

_ADDRESS = re.compile(r"[/~.\\]|[A-Za-z]:[\\/]|[^/]*://")
_NAME_WIDTH, _KIND_WIDTH = 16, 8
_AROUND = 12  # rows of the screen that are not for the list
_CHOOSE = "Choose a site with the arrow keys first."


@dataclass(frozen=True, slots=True)
class Offer:
    """A line of the list. `text`: what it opens, as it would be typed."""

    text: str
    shown: str
    site: Site | None = None


class ConnectScreen(Dialog[Place | None]):
    """The place to open, or None. A password is asked for later, when the server wants one.

    What is typed is an address, or filters the list. `recent`: addresses, the latest first.
    `try_place` tests a site; `changed` is told the endpoint of one that is not as it was.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Previous", show=False),
        Binding("down", "move(1)", "Next", show=False),
    ]
    DEFAULT_CSS = """
    ConnectScreen .row { height: 1; }
    ConnectScreen .row Label { width: 9; }
    ConnectScreen .row Input { width: 1fr; }
    ConnectScreen OptionList {
        height: auto; max-height: 12; border: none; padding: 0; background: $surface;
        overflow-x: hidden; text-wrap: nowrap; text-overflow: ellipsis;
        &:nocolor > .option-list--option-highlighted { text-style: bold reverse; }
        &:ansi > .option-list--option-highlighted { text-style: bold reverse; }
    }
    ConnectScreen #problem { height: auto; }
    """

    def __init__(
        self,
        recent: Sequence[str],
        access: Access | None = None,
        *,
        try_place: Try | None = None,
        changed: Callable[[str], None] = lambda endpoint: None,
    ) -> None:
        choices = [
            Choice("ok", "enter", "Open"),
            Choice("add", "f7", "New site"),
            Choice("edit", "f4", "Edit"),
            Choice("test", "f2", "Test"),
            Choice("remove", "f8", "Remove", dangerous=True),
            Choice(CANCEL, "escape", "Cancel"),
        ]
        super().__init__("Open a place", choices, focus="address")
        self.recent = tuple(recent)
        self.access = access
        self.sites = access.sites if access is not None else Sites()
        self.try_place = try_place
        self.changed = changed
        self.offers: tuple[Offer, ...] = ()
        self.shown: tuple[Offer, ...] = ()
        self.moved = False  # the person went to a line of the list since the last letter

    def body(self) -> ComposeResult:
        hint = "sftp://host, https://host/path, /path, or part of a name below"
        yield Horizontal(
            Label("Address", markup=False),
            Input(id="address", compact=True, placeholder=hint),
            classes="row",
        )
        yield Static("", id="says", classes="dim", markup=False)
        offers = OptionList(id="offers", classes="gap", markup=False)
        offers.can_focus = False  # the arrow keys reach it from everywhere
        yield offers
        yield Static("", id="problem", classes="bad", markup=False)

    def on_mount(self) -> None:
        self._work(self._load())

    def on_resize(self) -> None:
        self.query_one(OptionList).styles.max_height = max(2, self.size.height - _AROUND)

    async def _load(self, *, select: str = "") -> None:
        """Read the sites anew, and go to the one of this name."""
        found, problems = await in_thread(lambda: (self.sites.all(), self.sites.problems()))
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        self.query_one("#problem", Static).update(printable(problems[0]) + more if problems else "")
        offers = [_site_offer(site, self.sites) for site in found]
        offers += [Offer(text, printable(text)) for text in self.recent]
        self.offers = tuple(offers)
        self._filter()
        for index, offer in enumerate(self.shown if select else ()):
            if offer.site is not None and offer.site.name == select:
                self._highlight(index)

    # What Enter opens -------------------------------------------------------------------------

    def on_input_changed(self) -> None:
        self.moved = False
        self._filter()

    def _typed(self) -> str:
        return self.query_one("#address", Input).value.strip()

    def _filter(self) -> None:
        text = self._typed()
        wanted = text.casefold()
        found = [offer for offer in self.offers if wanted in offer.shown.casefold()]
        if wanted:
            found.sort(key=lambda offer: not offer.text.casefold().startswith(wanted))
        self.shown = tuple(found)
        offers = self.query_one(OptionList)
        offers.clear_options()
        offers.add_options([offer.shown for offer in found])
        offers.highlighted = 0 if found and text and not self._is_address(text) else None
        offers.display = bool(found)
        self._place()

    def _is_address(self, text: str) -> bool:
        try:
            return bool(_ADDRESS.match(text)) or location.of_site(text, self.sites) is not None
        except ProviderError:
            return True  # of a site that cannot be used: it says why

    def action_move(self, lines: int) -> None:
        if self.shown:
            now = self.query_one(OptionList).highlighted
            start = -1 if lines > 0 else 0
            self._highlight((start if now is None else now) + lines)

    def _highlight(self, index: int) -> None:
        self.moved = True
        self.query_one(OptionList).highlighted = index % len(self.shown)
        self._place()

    def _offer(self) -> Offer | None:
        """The line of the list that Enter would open."""
        index = self.query_one(OptionList).highlighted
        return self.shown[index] if index is not None and index < len(self.shown) else None

    def _place(self) -> Place | None:
        """The place that Enter would open; says what it is, or what is wrong with it."""
        offer = self._offer()
        text = offer.text if offer is not None else self._typed()
        try:
            place = location.parse(text, self.sites) if text else None
        except (InvalidName, BadSites) as error:
            self._say(f"{error.what}. {error.advice}", "bad")
            return None
        told = ""
        if place is not None:
            told = f"opens {_told(place)}"
        self._say(told)
        return place

    def _say(self, text: str, classes: str = "dim") -> None:
        says = self.query_one("#says", Static)
        says.set_classes(classes)
        says.update(printable(text))

    def on_input_submitted(self) -> None:
        self.action_choose("ok")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._highlight(event.option_index)
        self.action_choose("ok")

    # What the keys do -------------------------------------------------------------------------

    def chosen(self, choice: str) -> None:
        if choice == "ok":
            if place := self._place():
                self.dismiss(place)
        elif choice == "add":
            self._work(self._add())
        elif choice == CANCEL:
            self.dismiss(None)
        elif (offer := self._offer()) is None or offer.site is None:
            self._say(_CHOOSE, "bad")
        elif choice == "test":
            self._work(self._test(offer.site))
        elif offer.site.origin != "file":
            self._say("This one comes from the environment: change it there.", "bad")
        else:
            self._work(self._edit(offer.site) if choice == "edit" else self._remove(offer.site))

    def _work(self, work: Coroutine[Any, Any, None]) -> None:
        async def told() -> None:
            try:
                await work
            except ProviderError as error:
                self._say(str(error), "bad")

        self.run_worker(told(), group="site", exclusive=True)

    async def _add(self) -> None:
        taken = [offer.site.name for offer in self.offers if offer.site is not None]
        answer = await self.app.push_screen_wait(SiteForm(taken=taken, vault=self._vault()))
        if answer is not None:
            await self._save(answer)

    async def _edit(self, site: Site) -> None:
        answer = await self.app.push_screen_wait(SiteForm(site, vault=self._vault()))
        if answer is not None:
            await self._save(answer)

    async def _save(self, answer: SiteAnswer) -> None:
        access = self.access
        add = self.sites.add if access is None else partial(save, access=access)
        site = await in_thread(partial(add, answer.site))
        self.query_one("#address", Input).value = ""
        await self._load(select=site.name)
        self._say(f"“{site.name}” is saved.")
        endpoint = self.sites.place(site).endpoint
        await in_thread(partial(self.changed, endpoint))
        if access is not None:
            put = partial(access.secrets.put, endpoint, keep=bool(self._vault()))
            for needs, value in answer.secrets:
                await in_thread(partial(put, needs, value))

    def _vault(self) -> str:
        """Where secrets are kept; "" when they are not."""
        if self.access is None or self.access.secrets.vault.problem:
            return ""
        return self.access.secrets.vault.name

    async def _remove(self, site: Site) -> None:
        lines = [f"“{site.name}” and what was kept to sign in there:", address(site, self.sites)]
        if not await self.app.push_screen_wait(
            ConfirmScreen("Remove this site?", lines, "Remove", dangerous=True)
        ):
            return
        if self.access is not None:
            await in_thread(partial(remove, site.name, self.access))
        await self._load()
        self._say(f"“{site.name}” is removed.")

    async def _test(self, site: Site) -> None:
        if self.try_place is not None:
            self._say(f"trying “{site.name}” …")
            told = await self.try_place(self.sites.place(site))
            self._say(f"“{site.name}”: {told}")


def _site_offer(site: Site, sites: Sites) -> Offer:
    name = fmt.fit(printable(site.name), max(_NAME_WIDTH, len(site.name)))
    kind = fmt.fit(printable(kind_of(site).title), _KIND_WIDTH)
    where = printable(address(site, sites))
    origin = "  (environment)" if site.origin == "environment" else ""
    return Offer(f"{site.name}:", f"{name} {kind} {where}{origin}", site)


def _told(place: Place) -> str:
    if place.endpoint == location.LOCAL:
        return f"a folder here: {place.path}"
    endpoint = place.endpoint.partition("#")[0]
    path = location.show(replace(place, endpoint=endpoint)).removeprefix(endpoint)
    return f"{endpoint}: {'home' if path in ('', '/~') else path}"
