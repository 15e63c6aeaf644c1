"""The providers of the endpoints that jobs name: one each, shared by all workers."""

from __future__ import annotations

import threading
from collections.abc import Callable

from providers.base import Provider
from providers.errors import ConnectionLost

_UNKNOWN_CONNECTIONS = 4  # before an endpoint was opened for the first time


class ProviderPool:
    """Opens an endpoint when it is first needed and keeps it. Thread-safe."""

    def __init__(self, open_provider: Callable[[str], Provider]) -> None:
        self._open = open_provider
        self._lock = threading.Lock()
        self._providers: dict[str, Provider] = {}
        self._closed = False

    def get(self, endpoint: str) -> Provider:
        """The provider for `endpoint`. Raises ProviderError."""
        with self._lock:
            if self._closed:
                raise ConnectionLost(endpoint, "the queue is closed", advice="")
            if endpoint not in self._providers:
                self._providers[endpoint] = self._open(endpoint)
            return self._providers[endpoint]

    def opened(self, endpoint: str) -> Provider | None:
        """The provider for `endpoint` if it is open."""
        with self._lock:
            return self._providers.get(endpoint)

    def connections(self, endpoint: str) -> int:
        """How many requests at once are polite there."""
        with self._lock:
            provider = self._providers.get(endpoint)
        return _UNKNOWN_CONNECTIONS if provider is None else provider.caps.connections

    def close(self) -> None:
        with self._lock:
            self._closed = True
            providers = list(self._providers.values())
            self._providers.clear()
        for provider in providers:
            provider.close()
