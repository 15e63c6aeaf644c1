"""Frozen dataclasses as JSON values that a person can read, and back: by their type hints.

A record is an object of its fields' names, without those that have their default value.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


class NotPlain(ValueError):
    """A value is not what its hint says; the text is half a sentence that names where."""


def to_plain(value: Any) -> Any:
    """Dataclasses, tuples, mappings, enumerations and scalars as dicts, lists and scalars."""
    if is_dataclass(value):
        told = ((each, getattr(value, each.name)) for each in fields(value))
        return {each.name: to_plain(held) for each, held in told if held != _default(each)}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_plain(value[key]) for key in sorted(value)}
    return str(value) if isinstance(value, StrEnum) else value


def from_plain(hint: Any, plain: Any, where: str = "") -> Any:
    """The value of the type `hint` that `plain` stands for. Raises NotPlain."""
    if is_dataclass(hint):
        return _record(hint, plain, where)
    origin, items = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (some,) = (item for item in items if item is not type(None))
        return None if plain is None else from_plain(some, plain, where)
    if origin is tuple:
        return tuple(
            from_plain(items[0], item, f"{where}[{number}]")
            for number, item in enumerate(_of(list, plain, where))
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        told = _of(dict, plain, where).items()
        return {key: from_plain(items[1], value, f"{where}.{key}") for key, value in told}
    return _scalar(hint, plain, where)


def _record(kind: Any, plain: Any, where: str) -> Any:
    told, hints = _of(dict, plain, where), get_type_hints(kind)
    if unknown := sorted(set(told) - set(hints)):
        raise NotPlain(f"{where or 'it'} has a field that is not known: {unknown[0]!r}")
    made = {}
    for each in fields(kind):
        inside = f"{where}.{each.name}" if where else each.name
        if each.name in told:
            made[each.name] = from_plain(hints[each.name], told[each.name], inside)
        elif _default(each) is MISSING:
            raise NotPlain(f"{inside} is missing")
    return kind(**made)


def _scalar(hint: Any, plain: Any, where: str) -> Any:
    if get_origin(hint) is Literal:
        if plain in get_args(hint) and isinstance(plain, str):
            return plain
    elif isinstance(hint, type) and issubclass(hint, StrEnum):
        if isinstance(plain, str) and plain in set(hint):
            return hint(plain)
    elif hint is float:
        if type(plain) in (int, float) and math.isfinite(plain):
            return plain
    elif type(plain) is hint:
        return plain
    raise NotPlain(f"{where or 'it'} has a value that cannot be there")


def _of(kind: type, plain: Any, where: str) -> Any:
    if not isinstance(plain, kind):
        what = "a list" if kind is list else "an object"
        raise NotPlain(f"{where or 'it'} is not {what}")
    return plain


def _default(each: Field[Any]) -> Any:
    """MISSING where there is none."""
    return each.default if each.default_factory is MISSING else each.default_factory()
