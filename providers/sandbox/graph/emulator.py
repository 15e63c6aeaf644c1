"""OneDrive and SharePoint on loopback, in this process: started, told what to do, closed."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from providers.sandbox.graph import seed
from providers.sandbox.graph.cdn import Cdn
from providers.sandbox.graph.clock import Clock
from providers.sandbox.graph.habits import Habits
from providers.sandbox.graph.hooks import Hooks
from providers.sandbox.graph.login import Login
from providers.sandbox.graph.profiles import PROFILES, ProfileName
from providers.sandbox.graph.routes import Graph
from providers.sandbox.graph.tokens import SCOPES
from providers.sandbox.graph.wire import Listener
from providers.sandbox.graph.world import World

_TOKEN_SECONDS = 3600


class GraphServer(Hooks):
    """A context manager: an account of Microsoft's, with sign-in, on two ports of 127.0.0.1.

        with GraphServer(profile="business") as server:
            headers = {"Authorization": f"Bearer {server.issue_token()}"}
            requests.get(f"{server.graph_base}/me/drive", headers=headers)

    `graph_base` ends in /v1.0. `login_base` is where to send what is for
    https://login.microsoftonline.com: an adapter of `requests` mounted there does it, as in
    tests/graph/test_msal.py. `environment()` names both for a process. `issue_token()` gives an
    access token without signing in; `approve()` and `decline()` are the person with a device code.

    `clock` runs unless `Clock.standing_still()` is given; `clock.advance(seconds)` sets it forward.
    What goes wrong is asked for with the methods of `Hooks`, beginning with the next request:
    `fail`, `drop_request`, `lose_answer`, `cut_download`, `throttle`, `set_quota`, `lock`, `hide`,
    `expire_tokens`, `expire_urls`, `kill_sessions` … `habits` has what sources differ in and rare
    behaviour, see `Habits`; `login` the sign-in's, see `Login`. The tree is filled and looked at
    past every rule with `put`, `make_folder`, `content`, `names`; `asked` has every request.
    Deterministic: the same requests get the same ids, tags and URLs.

    At the end it raises AssertionError if the emulator itself failed meanwhile. Thread-safe.
    """

    client_id = "0c1d9ad8-6d1c-4c07-9d5a-0f5d1f3d0000"
    client_secret = "emulated-client-secret"  # no secret: nothing real is behind it

    def __init__(
        self, profile: ProfileName = "personal", *, clock: Clock | None = None, seed: str = "0"
    ) -> None:
        self.clock = clock or Clock()
        self.world = World(PROFILES[profile], self.clock, seed)
        self.login = Login(self.world, self.client_secret)
        self._listeners: list[Listener] = []

    @property
    def habits(self) -> Habits:
        return self.world.habits

    @property
    def graph_base(self) -> str:
        return self.world.graph

    @property
    def login_base(self) -> str:
        return self.world.graph.removesuffix("/v1.0")

    @property
    def cdn_base(self) -> str:
        return self.world.cdn

    @property
    def tenant(self) -> str:
        return self.world.profile.tenant

    @property
    def user(self) -> str:
        return self.world.profile.user

    @property
    def drive_id(self) -> str:
        """Of one's own drive."""
        return self.world.own_drive

    def environment(self) -> dict[str, str]:
        """What a process is given that is to use this instead of the real service."""
        return {"WHARFIE_GRAPH_BASE": self.graph_base, "WHARFIE_LOGIN_BASE": self.login_base}

    def issue_token(
        self,
        *,
        seconds: float = _TOKEN_SECONDS,
        scopes: tuple[str, ...] = SCOPES,
        app_only: bool = False,
        capable: bool = False,
    ) -> str:
        """An access token without signing in. `app_only`: an application's, on business only.
        `capable`: its client has declared CP1, so that it can be revoked."""
        if app_only and not self.world.profile.business:
            raise ValueError("applications have no access to personal accounts")
        with self.world.lock:
            token = self.world.tokens.issue(
                frozenset(scopes), seconds=seconds, app_only=app_only, capable=capable
            )
        return token.value

    def __enter__(self) -> Self:
        world = self.world
        graph, cdn = Graph(world, self.login.answer), Cdn(world)
        self._listeners = [
            Listener(graph.answer, world.faults, "graph", world.new_request_id, self.clock),
            Listener(cdn.answer, world.faults, "cdn", world.new_request_id, self.clock),
        ]
        world.graph = f"{self._listeners[0].base}/v1.0"
        world.cdn = self._listeners[1].base
        seed.fill(world)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        bugs = self.close()
        if bugs and kind is None:
            raise AssertionError("the emulator failed:\n" + "\n".join(bugs))

    def close(self) -> list[str]:
        """End, cutting every connection. What went wrong in the emulator itself; none expected."""
        bugs = [bug for listener in self._listeners for bug in listener.bugs]
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        return bugs
