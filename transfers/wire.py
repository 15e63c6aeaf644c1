"""The queue's plain values as JSON and back: by their type hints, never pickle.

A dataclass is the list of its fields in their order: both ends are the same version, which they
check when they meet. A command carries its class's name.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from providers.records import is_record, names_of

_Convert = Callable[[Any], Any]


class WireError(Exception):
    """What came is not what this version of Wharfie says."""


def pack(value: object) -> bytes:
    """JSON of plain values, as ASCII: a name that is no UTF-8 survives (PEP 383)."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def unpack(data: bytes) -> Any:
    """Raises WireError for anything but JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WireError("a message is no JSON") from error


def encode(hint: Any, value: Any) -> Any:
    """`value`, of the type `hint`, as plain values."""
    return _encoder(hint)(value)


def decode(hint: Any, plain: Any) -> Any:
    """The value of the type `hint` that `plain` stands for. Raises WireError."""
    try:
        return _decoder(hint)(plain)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise WireError(f"a message does not hold a {_name(hint)}") from error


def _name(hint: Any) -> str:
    return getattr(hint, "__name__", str(hint))


# To plain values --------------------------------------------------------------------------------


@cache
def _encoder(hint: Any) -> _Convert:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _union_encoder(get_args(hint))
    if origin is tuple:
        return _tuple_encoder(get_args(hint))
    if _is_mapping(origin):
        return dict
    if is_record(hint):
        return _record_encoder(hint)
    return _same


def _same(value: Any) -> Any:
    return value


def _union_encoder(options: tuple[Any, ...]) -> _Convert:
    some = [option for option in options if option is not type(None)]
    if len(some) == 1:
        encoder = _encoder(some[0])
        return lambda value: None if value is None else encoder(value)
    encoders = {option: _encoder(option) for option in some}
    return lambda value: [type(value).__name__, encoders[type(value)](value)]


def _tuple_encoder(items: tuple[Any, ...]) -> _Convert:
    if len(items) == 2 and items[1] is Ellipsis:
        encoder = _encoder(items[0])
        if encoder is _same:
            return list
        return lambda value: [encoder(item) for item in value]
    encoders = [_encoder(item) for item in items]
    return lambda value: [e(item) for e, item in zip(encoders, value, strict=True)]


def _record_encoder(kind: Any) -> _Convert:
    hints = get_type_hints(kind)
    names = [(name, _encoder(hints[name])) for name in names_of(kind)]
    return lambda value: [
        getattr(value, name) if encoder is _same else encoder(getattr(value, name))
        for name, encoder in names
    ]


# And back ---------------------------------------------------------------------------------------


@cache
def _decoder(hint: Any) -> _Convert:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _union_decoder(get_args(hint))
    if origin is tuple:
        return _tuple_decoder(get_args(hint))
    if _is_mapping(origin):
        return _mapping_decoder(get_args(hint))
    if is_record(hint):
        return _record_decoder(hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {str(member): member for member in hint}.__getitem__
    return _scalar_decoder(hint)


def _scalar_decoder(hint: Any) -> _Convert:
    accepted = (int, float) if hint is float else (hint,)
    if hint not in (str, int, float, bool):
        raise WireError(f"no messages are made of {_name(hint)}")

    def scalar(plain: Any) -> Any:
        if type(plain) not in accepted:
            raise TypeError(plain)
        return plain

    return scalar


def _union_decoder(options: tuple[Any, ...]) -> _Convert:
    some = [option for option in options if option is not type(None)]
    if len(some) == 1:
        decoder = _decoder(some[0])
        return lambda plain: None if plain is None else decoder(plain)
    by_name = {option.__name__: option for option in some}

    def tagged(plain: Any) -> Any:
        name, content = plain
        return _decoder(by_name[name])(content)

    return tagged


def _tuple_decoder(items: tuple[Any, ...]) -> _Convert:
    if len(items) == 2 and items[1] is Ellipsis:
        decoder = _decoder(items[0])
        return lambda plain: tuple([decoder(item) for item in _list(plain)])
    decoders = [_decoder(item) for item in items]
    return lambda plain: tuple([d(item) for d, item in zip(decoders, _list(plain), strict=True)])


def _mapping_decoder(items: tuple[Any, ...]) -> _Convert:
    key, value = _decoder(items[0]), _decoder(items[1])
    return lambda plain: {key(k): value(v) for k, v in plain.items()}


def _record_decoder(kind: Any) -> _Convert:
    hints = get_type_hints(kind)
    decoders = [_decoder(hints[name]) for name in names_of(kind)]
    return lambda plain: kind(*[d(v) for d, v in zip(decoders, _list(plain), strict=True)])


def _list(plain: Any) -> list[Any]:
    if not isinstance(plain, list):
        raise TypeError(plain)
    return plain


def _is_mapping(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)
