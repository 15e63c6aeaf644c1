"""What was just queued is in sight in the panel, whatever has ended before."""

from __future__ import annotations

from pathlib import Path

from tests.tui.app_case import make_app, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import Command, Enqueue, JobState
from tui.widgets.transfer_list import TransferList

ENDED = [make_row(each, JobState.DONE) for each in range(1, 31)]


class Taking(FakeQueue):
    """Appends what it is given, as the engine does."""

    def send(self, command: Command) -> tuple[int, ...]:
        super().send(command)
        if not isinstance(command, Enqueue):
            return ()
        ids = tuple(range(101, 101 + len(command.jobs)))
        for number, job in zip(ids, command.jobs, strict=True):
            self.put(make_row(number, name=Path(job.source.path).name))
        return ids


async def test_what_was_just_queued_is_in_sight(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "fresh").touch()
    app = make_app(tmp_path / "here", tmp_path, queue=Taking(ENDED))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("end", "f5")
        await until(pilot, lambda: "fresh" in " ".join(text(app).splitlines()[17:22]), 5)


async def test_whoever_is_in_the_list_stays_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "fresh").touch()
    app = make_app(tmp_path / "here", tmp_path, queue=Taking(ENDED))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        assert app.main is not None
        await pilot.press("w", "space", "w", "end", "f5")
        await until(pilot, lambda: "1 job queued" in text(app))
        await until(pilot, lambda: app.main and app.main.query_one(TransferList).count == 31)
        assert app.main.query_one(TransferList).cursor == 1
