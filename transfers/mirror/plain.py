"""Frozen dataclasses as JSON values that a person can read, and back: by their type hints.

A record is an object of its fields' names, without those that have their default value. How each
type is converted is found out once: a plan has a hundred thousand steps.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

_Convert = Callable[[Any], Any]
_SCALARS = frozenset({str, int, float, bool, type(None)})


class NotPlain(ValueError):
    """A value is not what its hint says. `where` names it: "steps[3].pair"."""

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(what)
        self.what, self.where = what, where

    def __str__(self) -> str:
        return f"{self.where or 'it'} {self.what}"

    def inside(self, name: str) -> NotPlain:
        """The same, of what holds it under that name."""
        dot = "." if self.where and not self.where.startswith("[") else ""
        return NotPlain(self.what, f"{name}{dot}{self.where}")


def to_plain(value: Any) -> Any:
    """Dataclasses, tuples, mappings, enumerations and scalars as dicts, lists and scalars."""
    if type(value) in _SCALARS:
        return value
    if is_dataclass(value):
        defaults = _defaults(cast(Any, type(value)))
        told = ((name, getattr(value, name), default) for name, default in defaults)
        return {name: to_plain(held) for name, held, default in told if held != default}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_plain(value[key]) for key in sorted(value)}
    if isinstance(value, StrEnum):
        return str(value)
    raise TypeError(f"{value!r} is nothing that a plan holds")


def from_plain(hint: Any, plain: Any) -> Any:
    """The value of the type `hint` that `plain` stands for. Raises NotPlain."""
    return _decoder(hint)(plain)


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((each.name, _default(each)) for each in fields(kind))


def _default(each: Field[Any]) -> Any:
    """MISSING where there is none."""
    return each.default if each.default_factory is MISSING else each.default_factory()


@cache
def _decoder(hint: Any) -> _Convert:
    origin, items = get_origin(hint), get_args(hint)
    if is_dataclass(hint):
        return _record(hint)
    if origin in (Union, types.UnionType):
        some = _decoder(next(item for item in items if item is not type(None)))
        return lambda plain: None if plain is None else some(plain)
    if origin is tuple:
        return _tuple(_decoder(items[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(_decoder(items[1]))
    if origin is Literal:
        return _one_of({item: item for item in items})
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _one_of({str(member): member for member in hint})
    return _scalar(hint)


def _record(kind: Any) -> _Convert:
    hints, defaults = get_type_hints(kind), _defaults(kind)
    decoders = {name: _decoder(hints[name]) for name, _ in defaults}
    needed = [name for name, default in defaults if default is MISSING]

    def record(plain: Any) -> Any:
        for name in needed:
            if name not in _of(dict, plain):
                raise NotPlain("is missing", name)
        made = {}
        for name, value in _of(dict, plain).items():
            if name not in decoders:
                raise NotPlain(f"has a field that is not known: {name!r}")
            made[name] = _inside(name, decoders[name], value)
        return kind(**made)

    return record


def _inside(name: str, decoder: _Convert, plain: Any) -> Any:
    try:
        return decoder(plain)
    except NotPlain as error:
        raise error.inside(name) from None


def _tuple(decoder: _Convert) -> _Convert:
    return lambda plain: tuple(
        [_inside(f"[{at}]", decoder, item) for at, item in enumerate(_of(list, plain))]
    )


def _mapping(decoder: _Convert) -> _Convert:
    return lambda plain: {
        key: _inside(key, decoder, value) for key, value in _of(dict, plain).items()
    }


def _one_of(known: Mapping[str, Any]) -> _Convert:
    def one(plain: Any) -> Any:
        if not isinstance(plain, str) or plain not in known:
            raise NotPlain("has a value that cannot be there")
        return known[plain]

    return one


def _scalar(hint: Any) -> _Convert:
    accepted = (int, float) if hint is float else (hint,)

    def scalar(plain: Any) -> Any:
        if type(plain) not in accepted or (type(plain) is float and not math.isfinite(plain)):
            raise NotPlain("has a value that cannot be there")
        return plain

    return scalar


def _of(kind: type, plain: Any) -> Any:
    if not isinstance(plain, kind):
        raise NotPlain("is not a list" if kind is list else "is not an object")
    return plain
