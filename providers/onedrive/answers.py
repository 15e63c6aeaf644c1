"""An answer of Graph or of a host that it sends to: checked, bounded, and read as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from providers.errors import ConnectionLost
from providers.onedrive.faults import Fault, fault_of
from providers.web.response import Response

_FAULT_BYTES = 256 << 10
_JSON_BYTES = 32 << 20  # a page of 1000 items has about 2 MiB


class Answer:
    """An answer whose body has not been read. `length`: of the body, None when it is not said."""

    def __init__(self, response: Response, path: str) -> None:
        self.status = response.status
        self.headers = response.headers
        self.length = response.length
        self.proven = response.proven
        self.endpoint = response.endpoint
        self._response = response
        self._path = path

    def chunks(self) -> Iterator[memoryview]:
        """The body, in views of one buffer. Raises ConnectionLost when less came than announced."""
        return self._response.chunks()

    def fill(self, memory: memoryview) -> int:
        """As `chunks`, straight to where the bytes are wanted; 0 at the end."""
        return self._response.fill(memory)

    def json(self) -> dict[str, Any]:
        """The body, which is an object; empty for an empty one. Raises ConnectionLost for what is
        no JSON, Unsupported for one without a bound."""
        body = self._response.text(_JSON_BYTES)
        try:
            told = json.loads(body) if body else {}
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            raise ConnectionLost(self._path, "the service's answer cannot be read: it is no JSON")
        return told

    @cached_property
    def fault(self) -> Fault:
        """What a refusal says of itself."""
        return fault_of(self._response.text(_FAULT_BYTES))
