"""Refusals in the shape of Graph's error body."""

from __future__ import annotations

from typing import Any


class GraphError(Exception):
    """The answer is this status and code. `inner` are codes from the outermost innerError on."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *inner: str,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner
        self.headers = headers or {}

    def body(self, inner_name: str, stamps: dict[str, str]) -> dict[str, Any]:
        """`stamps` is what the outermost innerError carries besides; upload hosts give none."""
        nested: dict[str, Any] = {}
        for code in reversed(self.inner):
            nested = {"code": code, **({inner_name: nested} if nested else {})}
        nested |= stamps
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if nested:
            error[inner_name] = nested
        return {"error": error}


def bad_request(message: str, *inner: str) -> GraphError:
    return GraphError(400, "invalidRequest", message, *inner)


def not_allowed() -> GraphError:
    return GraphError(405, "methodNotAllowed", "The HTTP method is not allowed here.")
