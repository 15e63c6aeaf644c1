"""Servers that have only so many files open at once: many small files go all the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from providers.many import Naming, Stored, Storing, Wanted
from providers.sftp.protocol import Op, u64
from tests.servers.lying_sftp import LIMITS, OFFERS, Ask, Cut, LyingSftp
from tests.servers.scripted_sftp import reply

COUNT = 200


class _Few:
    """A server that hangs up when more than `most` files are open; it says so where `told`."""

    def __init__(self, most: int, *, told: bool) -> None:
        self.most, self.told = most, told
        offers = OFFERS if told else OFFERS - {LIMITS}
        self.server = LyingSftp(offers=offers, lie=self._lie)
        self.open = 0

    def _lie(self, ask: Ask, truth: Callable[[], bytes]) -> bytes:
        if ask.what == LIMITS and self.told:
            return reply(Op.EXTENDED_REPLY, ask.number, *map(u64, (1 << 18, 0, 0, self.most)))
        answer = truth()
        if answer[4] == Op.HANDLE:
            self.open += 1
        self.open -= ask.what == "CLOSE"
        if self.open > self.most:
            raise Cut
        return answer


@pytest.mark.parametrize(("most", "told"), [(100, False), (10, True)])
def test_many_small_files_are_stored_named_and_fetched(most: int, told: bool) -> None:
    few = _Few(most, told=told)
    files = [
        Storing(f"/{n:03}", (b"data",), 4, f"{n:08x}", 1.5e9, 0o644, "", True) for n in range(COUNT)
    ]
    with closing(few.server.provider()) as place:
        stored = place.store(files)
        assert all(isinstance(one, Stored) and one.alike for one in stored)
        place.name_all([Naming(one.upload, None) for one in stored if one is not None])
        assert few.server.names("/") == [f"{n:03}" for n in range(COUNT)]
        assert None not in place.fetch([Wanted(file.path, 4) for file in files])
