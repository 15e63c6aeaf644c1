"""The line that tells what is under way is there as long as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.widgets import Static

from tests.tui.app_case import Tree, at, make_app, opener, read
from tui.commands.work import with_progress


async def test_a_report_that_comes_after_the_end_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = make_app(at("x"), at("x"), opener=opener(x=Tree()))
    late: list[Callable[[], Any]] = []

    def work(report: Callable[[int | str], None], cancelled: Callable[[], bool]) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(app, "call_later", lambda call, *args: late.append(lambda: call(*args)))
            report(7)

    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        assert app.main is not None
        await with_progress(app.main, "Counting", work)
        for call in late:
            call()
        assert len(late) == 1
        assert app.main.query_one("#progress", Static).has_class("-empty")
