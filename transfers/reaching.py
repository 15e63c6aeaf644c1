"""Why a queue that somebody may be working cannot be reached."""

from __future__ import annotations


class NoHost(Exception):
    """Nobody works this queue just now."""


class Intruder(Exception):
    """What stands where the socket should be is not ours, or who speaks is somebody else."""
