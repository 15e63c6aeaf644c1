"""No test leaves a background process behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.hosts import stop_host


@pytest.fixture(autouse=True)
def no_host_left(isolated_home: Path) -> Iterator[None]:
    """Whatever host the test started for its home ends with it."""
    yield
    stop_host()
