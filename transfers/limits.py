"""How fast, how many, and whether any: what a person set, in force at once and over a restart."""

from __future__ import annotations

from collections.abc import Mapping

from transfers.gate import Gate
from transfers.limit import Limiter
from transfers.model import Hold, SetLimits
from transfers.view import View

_WORKERS = 4
_HELD = "held"
_SITE = "connections "  # + endpoint: the name of a site's setting


class Limits:
    """The rate, the files at once, those of single sites, and a hold."""

    def __init__(self, limiter: Limiter, gate: Gate) -> None:
        self._limiter = limiter
        self._gate = gate

    def restore(
        self,
        settings: Mapping[str, str],
        workers: int | None,
        rate: int | None,
        held: bool | None = None,
    ) -> None:
        """What an earlier run was told, unless this one was started with something else."""
        kept = {name: int(value) for name, value in settings.items() if value.isdecimal()}
        self._limiter.set_rate(kept.get("rate", 0) if rate is None else rate)
        self._gate.workers = max(1, kept.get("workers", _WORKERS) if workers is None else workers)
        self._gate.held = kept.get(_HELD) == 1 if held is None else held
        for name, value in kept.items():
            if name.startswith(_SITE):
                self._gate.site_limits[name.removeprefix(_SITE)] = value

    def change(self, command: SetLimits | Hold) -> dict[str, str]:
        """Put `command` in force; returns what of it is to be journaled."""
        if isinstance(command, Hold):
            self._gate.held = command.on
            return {_HELD: str(int(command.on))}
        settings = {}
        if command.rate is not None:
            self._limiter.set_rate(command.rate)
            settings["rate"] = str(command.rate)
        if command.workers is not None:
            self._gate.workers = max(1, command.workers)
            settings["workers"] = str(self._gate.workers)
        if command.endpoint and command.connections is not None:
            self._gate.site_limits[command.endpoint] = max(0, command.connections)
            settings[_SITE + command.endpoint] = str(max(0, command.connections))
        return settings

    def show(self, view: View) -> None:
        view.rate_limit, view.workers = self._limiter.rate, self._gate.workers
        view.held = self._gate.held
