"""What a place offers beyond the contract, told at a glance where each of many files asks."""

from __future__ import annotations

from functools import cache


@cache
def may_be(kind: type, protocol: type) -> bool:
    """Whether objects of the class `kind` can be of a `protocol` that has methods only.

    False means that `isinstance` says no as well, which takes Python as long as sending a small
    file (up to 3.11).
    """
    return issubclass(kind, protocol)
