"""Each test has a place of its own, on the emulator once for each kind of account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.graph.place import REAL_BASE, Place

_KINDS = [None] if REAL_BASE else ["personal", "business"]


@pytest.fixture(params=_KINDS, ids=str)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with Place(request.param) as there:
        yield there


@pytest.fixture
def business() -> Iterator[Place]:
    with Place(None if REAL_BASE else "business") as there:
        if not there.business:
            pytest.skip("this is a personal account")
        yield there


@pytest.fixture
def personal() -> Iterator[Place]:
    with Place(None if REAL_BASE else "personal") as there:
        if there.business:
            pytest.skip("this is no personal account")
        yield there
