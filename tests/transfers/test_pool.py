"""Providers shared by all workers."""

from __future__ import annotations

import threading

import pytest

from providers.base import Provider
from providers.errors import ConnectionLost
from providers.memory import MemoryProvider, Store
from transfers.pool import ProviderPool

SLOW, QUICK = "memory://slow", "memory://quick"


class Opener:
    """Opens endpoints; the slow one only once it is released."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.reached, self.released = threading.Event(), threading.Event()

    def __call__(self, endpoint: str) -> Provider:
        if endpoint == SLOW:
            self.reached.set()
            assert self.released.wait(20)
        self.opened.append(endpoint)
        return MemoryProvider(Store())


def test_an_endpoint_is_opened_once_for_all() -> None:
    opener = Opener()
    pool = ProviderPool(opener)
    assert pool.get(QUICK) is pool.get(QUICK)
    assert pool.opened(QUICK) is pool.get(QUICK)
    assert opener.opened == [QUICK]


def test_one_that_takes_its_time_to_open_holds_up_nobody_else() -> None:
    opener = Opener()
    pool = ProviderPool(opener)
    found: list[Provider] = []
    threads = [threading.Thread(target=lambda: found.append(pool.get(SLOW))) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert opener.reached.wait(20)
    assert pool.get(QUICK) is not None
    assert pool.opened(SLOW) is None
    assert pool.connections(SLOW) == 4
    opener.released.set()
    for thread in threads:
        thread.join(20)
    assert found[0] is found[1]
    assert opener.opened == [QUICK, SLOW]


def test_what_is_handed_over_is_not_closed_with_the_pool() -> None:
    opener = Opener()
    pool = ProviderPool(opener)
    handed = pool.get(QUICK)
    assert pool.hand_over(QUICK) is handed
    assert pool.hand_over(QUICK) is None
    assert pool.get(QUICK) is not handed
    assert opener.opened == [QUICK, QUICK]


def test_a_closed_pool_opens_nothing_more() -> None:
    pool = ProviderPool(Opener())
    pool.get(QUICK)
    pool.close()
    with pytest.raises(ConnectionLost):
        pool.get(QUICK)


def test_what_is_opened_while_the_pool_is_closed_is_closed_again() -> None:
    opener = Opener()
    pool = ProviderPool(opener)
    errors: list[Exception] = []

    def get() -> None:
        try:
            pool.get(SLOW)
        except ConnectionLost as error:
            errors.append(error)

    thread = threading.Thread(target=get)
    thread.start()
    assert opener.reached.wait(20)
    pool.close()
    opener.released.set()
    thread.join(20)
    assert len(errors) == 1
    assert pool.opened(SLOW) is None
