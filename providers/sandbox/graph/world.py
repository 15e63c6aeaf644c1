"""Everything that the emulator knows, in one place, behind one lock."""

from __future__ import annotations

import threading

from providers.records import dataclass, field
from providers.sandbox.graph.clock import Clock
from providers.sandbox.graph.drive import Drive
from providers.sandbox.graph.faults import Faults
from providers.sandbox.graph.habits import Habits
from providers.sandbox.graph.ids import Ids, same_drive
from providers.sandbox.graph.items import Item
from providers.sandbox.graph.profiles import Profile
from providers.sandbox.graph.sessions import Sessions
from providers.sandbox.graph.throttle import Throttle
from providers.sandbox.graph.tickets import Tickets
from providers.sandbox.graph.tokens import Tokens


@dataclass(slots=True)
class Site:
    """`path` is server-relative, "" for the root site. The first of its `drives` is its own."""

    id: str
    name: str
    path: str
    drives: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Copying:
    """A copy that goes on by itself. It is done when `ends` has come, unless it fails."""

    path: str
    began: float
    ends: float
    source: tuple[str, str]
    target: tuple[str, str]
    name: str
    replaces: bool
    result: str = ""
    error: str = ""


class World:
    """What the listeners' functions share. `graph` and `cdn` are set once they listen."""

    def __init__(self, profile: Profile, clock: Clock, seed: str) -> None:
        self.lock = threading.RLock()
        self.profile = profile
        self.clock = clock
        self.ids = Ids(f"{profile.name} {seed}")
        self.request_ids = Ids(f"requests {seed}")
        self.faults = Faults()
        self.habits = Habits()
        self.tokens = Tokens(self.ids, clock)
        self.tickets = Tickets(self.ids, clock)
        self.sessions = Sessions(profile, self.ids, clock, self.habits)
        self.throttle = Throttle(clock)
        self.drives: dict[str, Drive] = {}
        self.sites: list[Site] = []
        self.groups: dict[str, str] = {}  # to the drive of each
        self.shared: list[Item] = []  # sharedWithMe; in no folder, so their own ids lead nowhere
        self.copies: dict[str, Copying] = {}
        self.user_id = self.ids.guid()
        self.own_drive = ""
        self.rewritten = 0  # Office files that the service has changed
        self.graph = ""
        self.cdn = ""

    def add_drive(self, kind: str, name: str, drive_id: str = "") -> Drive:
        if not drive_id:
            business = self.profile.business
            drive_id = self.ids.business_drive() if business else self.ids.hex(16)
        drive = Drive(drive_id, kind, name, self.profile, self.ids, self.clock)
        self.drives[drive_id] = drive
        return drive

    def drive(self, drive_id: str) -> Drive | None:
        """Personal ones in each spelling that the service itself uses."""
        if self.profile.business:
            return self.drives.get(drive_id)
        for known, drive in self.drives.items():
            if same_drive(known, drive_id):
                return drive
        return None

    def new_request_id(self) -> str:
        with self.lock:
            return self.request_ids.guid()

    @property
    def own(self) -> Drive:
        return self.drives[self.own_drive]
