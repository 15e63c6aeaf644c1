"""A name that a server takes long to give: what is waited for is in sight."""

from __future__ import annotations

import threading

import pytest

from tests.tui.app_case import Tree, at, make_app, names, opener, read, text, until


class _Slow(Tree):
    """Gives names when `go_on` is set."""

    def __init__(self) -> None:
        super().__init__(("/old",))
        self.go_on = threading.Event()

    def make_dir(self, path: str) -> None:
        self.go_on.wait(30)
        super().make_dir(path)

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        self.go_on.wait(30)
        super().rename(source, target, within=within)


@pytest.mark.parametrize(
    ("key", "said", "then"),
    [("f7", "Making “new”…", ["new", "old"]), ("f2", "Renaming “old”…", ["new"])],
)
async def test_what_a_slow_server_is_asked_to_do_is_said_until_it_is_done(
    key: str, said: str, then: list[str]
) -> None:
    slow = _Slow()
    app = make_app(at("x"), at("y"), opener=opener(x=slow, y=Tree()))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press(key, "ctrl+u", *"new", "enter")
        await until(pilot, lambda: said in text(app))
        assert "Esc stops" not in text(app)  # it does not
        slow.go_on.set()
        await until(pilot, lambda: names(app) == then)
        assert said not in text(app)
