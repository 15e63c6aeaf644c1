"""G4, in short: connections that fail leave nothing. `python -m tests.faults.network.connects`."""

from __future__ import annotations

from pathlib import Path

from tests.faults.network.connects import fail

_EACH = 50  # in each of four ways


def test_G4_failed_connections_leave_no_descriptor_no_thread_and_no_memory(tmp_path: Path) -> None:
    before, after = fail(tmp_path, _EACH)
    assert after.descriptors <= before.descriptors
    assert after.threads <= before.threads
    assert after.resident <= before.resident * 1.05
