"""What the engine's tests get: a queue of their own, and no long waits between attempts."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.transfers.queue_case import QueueCase


@pytest.fixture
def case(tmp_path: Path) -> Iterator[QueueCase]:
    queue_case = QueueCase(tmp_path / "queue")
    queue_case.start()
    yield queue_case
    for place in (queue_case.left, queue_case.right):
        place.store.fail = None
    queue_case.close()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come after a tenth of a second."""
    monkeypatch.setattr("transfers.retry.FIRST_DELAY", 0.0)


@pytest.fixture
def quiet() -> Iterator[None]:
    """For tests that make the engine log an error on purpose."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
