"""What a test of a doctor is given: its findings by step, and what no finding may be."""

from __future__ import annotations

from collections.abc import Iterable

from providers.diagnosis import Finding


class Walk:
    """The findings of one walk, each fit to be printed."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.all = list(findings)
        for finding in self.all:
            assert f"{finding.step}{finding.what}{finding.advice}".isprintable()
            assert finding.seconds >= 0
            assert finding.advice or finding.ok is not False, "what is wrong must say what to do"

    @property
    def steps(self) -> list[str]:
        return [finding.step for finding in self.all]

    @property
    def wrong(self) -> list[Finding]:
        return [finding for finding in self.all if finding.ok is False]

    @property
    def last(self) -> Finding:
        return self.all[-1]

    def of(self, step: str) -> Finding:
        (found,) = [finding for finding in self.all if finding.step == step]
        return found

    def ends_wrong(self, step: str) -> Finding:
        """Its last finding, the only one that is wrong."""
        assert self.wrong == [self.last], [f"{f.step}: {f.what}" for f in self.all]
        assert self.last.step == step
        return self.last
