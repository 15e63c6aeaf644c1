"""F2: a sign-in that ends while the queue works. It is renewed unseen; where that is refused, jobs
wait for the person, who signs in on a page while the panes go on, and nothing is begun anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.base import Place
from providers.local import LocalProvider
from providers.registry import open_provider
from providers.sandbox.graph.emulator import GraphServer
from providers.vault import KeyringVault, NoVault, Vault
from tests.servers import keyrings
from tests.servers.graph_account import Account, account
from tests.tui.app_case import names, pane, read, text, until
from transfers.engine import Engine
from transfers.model import Enqueue, Job, JobState, NewJob, Op, ParkReason, SetLimits, Verify
from tui.app import WharfieApp
from tui.headless.attach import admit, grant_for
from tui.screens.device_code import DeviceCodeScreen

SIZE = 30 << 20  # bytes: several fragments
SLOW = 8 << 20  # bytes a second: what ends in the middle must not be over before


@pytest.fixture(params=["kept", "not kept"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Account]:
    vault: Vault = NoVault()
    if request.param == "kept":
        vault = KeyringVault(keyrings.Good())
    with GraphServer("business") as server:
        made = account(server, tmp_path, vault=vault)
        made.sign_in()
        yield made


@pytest.fixture
def engine(home: Account) -> Iterator[Engine]:
    """The queue, as of a process of its own: what lets it in is granted, or in the files."""
    access = home.another_process().access
    engine = Engine(
        home.folder / "queue",
        lambda endpoint: open_provider(endpoint, access),
        admit=lambda grant: admit(access, grant),
    )
    with closing(engine):
        yield engine


@pytest.fixture
def app(home: Account, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> WharfieApp:
    """The screen; nobody types there by accident."""
    monkeypatch.setattr("tui.questions.QUIET", 0.0)
    monkeypatch.setattr("tui.sign_in.QUIET", 0.0)
    (home.folder / "here").mkdir()
    (home.folder / "here" / "big").write_bytes(bytes(range(256)) * (SIZE // 256))
    local = Place("file:", str(home.folder / "here"))
    return WharfieApp(engine, home.access, local, Place(home.endpoint, "/Documents"))


def upload(home: Account, name: str) -> Enqueue:
    source = LocalProvider().stat(str(home.folder / "here" / "big"))
    place = Place("file:", source.path)
    job = NewJob(Op.COPY, place, Place(home.endpoint, f"/{name}"), source.size)
    return Enqueue((job,), verify=Verify.STRONG)  # what reads it back needs a token


def job(engine: Engine) -> Job:
    return engine.snapshot().rows[-1].job


def grant_all(home: Account, engine: Engine) -> None:
    """As whoever handed the job over does it."""
    engine.grant(grant_for(home.access, home.endpoint))


def sent_fragments(home: Account) -> int:
    return sum(where == "cdn" and method == "PUT" for where, method, _ in home.server.asked)


async def test_F2_a_token_that_ends_in_the_middle_is_renewed_unseen(
    home: Account, engine: Engine, app: WharfieApp
) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        await read(pilot)
        grant_all(home, engine)
        engine.send(SetLimits(rate=SLOW))
        engine.send(upload(home, "sent"))
        await until(pilot, lambda: sent_fragments(home) > 0)
        home.server.expire_tokens()
        engine.send(SetLimits(rate=0))
        await until(pilot, lambda: job(engine).state is JobState.DONE)
        assert app.screen is app.main
    assert home.server.content("/sent") == (home.folder / "here" / "big").read_bytes()


async def test_F2_a_renewal_that_is_refused_waits_for_the_person(
    home: Account, engine: Engine, app: WharfieApp
) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        await read(pilot)
        grant_all(home, engine)
        engine.send(SetLimits(rate=SLOW))
        engine.send(upload(home, "sent"))
        await until(pilot, lambda: sent_fragments(home) > 0)
        home.server.revoke_refresh_tokens()
        home.server.expire_tokens()
        engine.send(SetLimits(rate=0))
        await until(pilot, lambda: job(engine).state is JobState.PARKED)
        assert job(engine).park is ParkReason.SIGN_IN
        await until(pilot, lambda: isinstance(app.screen, DeviceCodeScreen))
        await until(pilot, lambda: "/devicelogin" in text(app))
        (home.folder / "here" / "later").write_bytes(b"x")
        pane(app).reread()
        await until(pilot, lambda: "later" in names(app))  # the panes are alive
        fragments = sent_fragments(home)
        home.server.approve()
        await until(pilot, lambda: job(engine).state is JobState.DONE)
        await until(pilot, lambda: app.screen is app.main)
    assert home.server.content("/sent") == (home.folder / "here" / "big").read_bytes()
    assert job(engine).attempt == 1
    assert sent_fragments(home) <= max(fragments, SIZE // (10 << 20) + 1), "nothing is sent twice"


async def test_F2_who_cancels_leaves_the_job_parked_and_can_sign_in_later(
    home: Account, engine: Engine, app: WharfieApp
) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        await read(pilot)
        home.server.revoke_refresh_tokens()
        home.server.expire_tokens()
        grant_all(home, engine)
        engine.send(upload(home, "sent"))
        await until(pilot, lambda: isinstance(app.screen, DeviceCodeScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        assert job(engine).state is JobState.PARKED
        await pilot.press("!")
        await until(pilot, lambda: "/devicelogin" in text(app))
        home.server.approve()
        await until(pilot, lambda: job(engine).state is JobState.DONE)
