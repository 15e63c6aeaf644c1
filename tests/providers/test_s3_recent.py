"""What was seen a moment ago is not asked for again, and not believed for longer than that."""

from __future__ import annotations

from providers.s3.recent import SECONDS, Recent


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_was_seen_is_told_once() -> None:
    recent = Recent(_Clock())
    recent.saw("/b/a", '"1"')
    recent.saw("/b/none", None)
    assert recent.take("/b/a") == ('"1"',)
    assert recent.take("/b/a") is None
    assert recent.take("/b/none") == (None,)
    assert recent.take("/b/other") is None


def test_what_was_seen_long_ago_is_not_told() -> None:
    clock = _Clock()
    recent = Recent(clock)
    recent.saw("/b/a", '"1"')
    clock.now += SECONDS * 1.01
    assert recent.take("/b/a") is None


def test_the_oldest_is_forgotten_first() -> None:
    recent = Recent(_Clock())
    for number in range(1001):
        recent.saw(f"/b/{number}", None)
    assert recent.take("/b/0") is None
    assert recent.take("/b/1") == (None,)
