"""Addresses whose query is a secret (pre-authenticated URLs): only a reference is ever shown."""

from __future__ import annotations

import hashlib
import re

from providers.access import Access
from providers.errors import AuthRequired
from providers.text import to_bytes

_REFERENCE = re.compile(r"\?~[0-9a-f]{8}")


def is_reference(query: str) -> bool:
    """Whether what is behind the "?" stands for a secret one."""
    return _REFERENCE.fullmatch(f"?{query}") is not None


def remember_query(access: Access, endpoint: str, path: str, query: str) -> str:
    """Keep `query` as a secret; the path with a reference to it."""
    reference = f"{path}?~{hashlib.sha256(to_bytes(f'{path}?{query}')).hexdigest()[:8]}"
    access.secrets.put(endpoint, "query", query, reference)
    return reference


def with_query(access: Access, endpoint: str, path: str) -> str:
    """`path` as it is asked for: its reference replaced by the secret. Raises AuthRequired."""
    plain, mark, query = path.partition("?")
    if not mark or not is_reference(query):
        return path
    secret = access.secrets.get(endpoint, "query", path)
    if secret is None:
        raise AuthRequired(
            endpoint,
            "the address had a secret part",
            needs="query",
            subject=path,
            advice="Give the whole address again.",
        )
    return f"{plain}?{secret}"
