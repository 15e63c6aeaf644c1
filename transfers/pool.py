"""The providers of the endpoints that jobs name: one each, shared by all workers."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable

from providers.base import Provider
from providers.errors import ConnectionLost

_UNKNOWN_CONNECTIONS = 4  # before an endpoint was opened for the first time


class ProviderPool:
    """Opens an endpoint when it is first needed and keeps it. Thread-safe.

    Only who asks for the same endpoint waits while it is opened.
    """

    def __init__(self, open_provider: Callable[[str], Provider]) -> None:
        self._open = open_provider
        self._lock = threading.Lock()  # guards what follows, never while something is opened
        self._providers: dict[str, Provider] = {}
        self._opening: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._closed = False

    def get(self, endpoint: str) -> Provider:
        """The provider for `endpoint`. Raises ProviderError."""
        with self._lock:
            opening = self._opening[endpoint]
        with opening:
            provider = self.opened(endpoint)
            if provider is None:
                self._refuse_when_closed(endpoint)
                provider = self._open(endpoint)
                self._keep(endpoint, provider)
            return provider

    def opened(self, endpoint: str) -> Provider | None:
        """The provider for `endpoint` if it is open."""
        with self._lock:
            return self._providers.get(endpoint)

    def hand_over(self, endpoint: str) -> Provider | None:
        """The provider for `endpoint` if it is open, from now on the caller's to close."""
        with self._lock:
            return self._providers.pop(endpoint, None)

    def connections(self, endpoint: str) -> int:
        """How many requests at once are polite there."""
        provider = self.opened(endpoint)
        return _UNKNOWN_CONNECTIONS if provider is None else provider.caps.connections

    def close(self) -> None:
        with self._lock:
            self._closed = True
            providers = list(self._providers.values())
            self._providers.clear()
        for provider in providers:
            provider.close()

    def _keep(self, endpoint: str, provider: Provider) -> None:
        with self._lock:
            if not self._closed:
                self._providers[endpoint] = provider
                return
        provider.close()
        self._refuse_when_closed(endpoint)

    def _refuse_when_closed(self, endpoint: str) -> None:
        if self._closed:
            raise ConnectionLost(endpoint, "the queue is closed", advice="")
