"""Dataclasses with slots, made in a fifth of the time that `dataclasses` takes, and filled in half.

There six methods are written out and compiled for each class. Here only `__init__` is, and it sets
the fields of a frozen class by their slots' own setters; the others go by the fields' names. It is
what this project uses of them and no more: `slots=True` always, no `order`, no `init=False`, no
`InitVar`, `ClassVar` or `__post_init__`. What `dataclasses` says of them (`fields`, `asdict`,
`is_dataclass` …) it says of these: its description of a class is made when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import Any, NoReturn


class _Missing:
    """The default of a field that has none."""


_MISSING = _Missing()


class _Field:
    """`factory` makes the default. `shown`: in `repr`."""

    __slots__ = ("default", "factory", "hint", "keyword", "shown")

    def __init__(self, default: Any, factory: Any, *, shown: bool) -> None:
        self.default, self.factory, self.shown = default, factory, shown
        self.hint: Any = None
        self.keyword = False  # can only be given by its name

    @property
    def optional(self) -> bool:
        return self.default is not _MISSING or self.factory is not _MISSING


class _Shape:
    """What a class was made from. `values`: of one of its objects, in the fields' order.
    `described`: a class of `dataclasses` with the same fields, once it was asked for."""

    __slots__ = ("described", "eq", "fields", "frozen", "names", "values")

    def __init__(self, fields: dict[str, _Field], *, frozen: bool, eq: bool) -> None:
        self.fields, self.frozen, self.eq = fields, frozen, eq
        self.names = tuple(fields)
        self.described: type | None = None
        self.values: Callable[[Any], tuple[Any, ...]]
        if len(fields) > 1:
            self.values = attrgetter(*fields)
        else:
            self.values = lambda record: tuple([getattr(record, name) for name in fields])


def field(*, default: Any = _MISSING, default_factory: Any = _MISSING, repr: bool = True) -> Any:
    """As `dataclasses.field`."""
    return _Field(default, default_factory, shown=repr)


def dataclass(
    *, slots: bool, frozen: bool = False, eq: bool = True, kw_only: bool = False
) -> Callable[[type], type]:
    """As `dataclasses.dataclass`. Raises TypeError for a class that is none of these, at once."""
    if not slots:
        raise TypeError("a record has slots")
    return lambda cls: _made(cls, frozen=frozen, eq=eq, kw_only=kw_only)


def replace(record: Any, /, **changes: Any) -> Any:
    """As `dataclasses.replace`."""
    shape: _Shape = record.__record__
    return record.__class__(**dict(zip(shape.names, shape.values(record), strict=True)) | changes)


def is_record(kind: object) -> bool:
    """Whether it is one, or a class of them."""
    return hasattr(kind, "__record__")


def names_of(kind: Any) -> tuple[str, ...]:
    """The names of a record's fields, or of its class's."""
    names: tuple[str, ...] = kind.__record__.names
    return names


def values_of(record: Any) -> dict[str, Any]:
    """The values of a record's fields by their names; `dataclasses.asdict` where none is a record
    or holds any."""
    shape: _Shape = record.__record__
    return dict(zip(shape.names, shape.values(record), strict=True))


# The class --------------------------------------------------------------------------------------


def _made(cls: type, *, frozen: bool, eq: bool, kw_only: bool) -> type:
    space = dict(cls.__dict__)
    fields = _inherited(cls, frozen=frozen)
    for name, hint in cls.__annotations__.items():
        fields[name] = _own(space.pop(name, _MISSING), hint)
        fields[name].keyword = kw_only
    shape = _Shape(fields, frozen=frozen, eq=eq)
    for name in ("__dict__", "__weakref__"):  # of the class that had no slots
        space.pop(name, None)
    above = {slot for base in cls.__mro__[1:-1] for slot in base.__dict__.get("__slots__", ())}
    space["__slots__"] = tuple(name for name in fields if name not in above)
    space["__match_args__"] = tuple(name for name in fields if not fields[name].keyword)
    space["__record__"] = shape
    made = type(cls)(cls.__name__, cls.__bases__, {**_SHARED, **_comparing(shape), **space})
    made.__qualname__ = cls.__qualname__
    made.__init__ = _init(made, shape)  # type: ignore[misc]
    if frozen:
        _freeze(made, shape)
    return made


def _inherited(cls: type, *, frozen: bool) -> dict[str, _Field]:
    fields: dict[str, _Field] = {}
    for base in cls.__mro__[-1:0:-1]:
        shape = base.__dict__.get("__record__")
        if shape is not None:
            if shape.frozen != frozen:
                raise TypeError("frozen records and others do not inherit from each other")
            fields |= shape.fields
        elif "__dataclass_fields__" in base.__dict__:
            raise TypeError(f"{base.__name__} is a dataclass and no record")
    return fields


def _own(value: Any, hint: Any) -> _Field:
    if "ClassVar" in str(hint) or "InitVar" in str(hint):
        raise TypeError(f"{hint}: not in a record")
    own = value if isinstance(value, _Field) else _Field(value, _MISSING, shown=True)
    own.hint = hint
    if type(own.default).__hash__ is None:
        raise ValueError(f"mutable default {type(own.default)}: use default_factory")
    return own


def _init(made: type, shape: _Shape) -> Any:
    """Its parameters are the fields, those first that may be given by their place."""
    places = [name for name, one in shape.fields.items() if not one.keyword]
    words = [name for name, one in shape.fields.items() if one.keyword]
    order = [*places, *(["*"] if words else []), *words]
    scope: dict[str, Any] = {"__missing": _MISSING}
    parameters, lines = ["self"], []
    for number, name in enumerate(order):
        if name == "*":
            parameters.append(name)
            continue
        one, value = shape.fields[name], name
        if one.optional:
            scope[f"__default{number}"] = one.default
            parameters.append(f"{name}=__default{number}")
        else:
            parameters.append(name)
        if one.factory is not _MISSING:
            scope[f"__make{number}"] = one.factory
            value = f"__make{number}() if {name} is __missing else {name}"
        if shape.frozen:
            scope[f"__set{number}"] = getattr(made, name).__set__
            lines.append(f" __set{number}(self, {value})")
        else:
            lines.append(f" self.{name} = {value}")
    body = "\n".join(lines or [" pass"])
    exec(f"def __init__({', '.join(parameters)}):\n{body}", scope)
    init = scope["__init__"]
    init.__qualname__, init.__module__ = f"{made.__qualname__}.__init__", made.__module__
    return init


# What the class can ----------------------------------------------------------------------------


def _comparing(shape: _Shape) -> dict[str, Any]:
    if not shape.eq:
        return {}
    values = shape.values

    def equal(self: Any, other: Any) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values(self) == values(other)

    def hashed(self: Any) -> int:
        return hash(values(self))

    return {"__eq__": equal, "__hash__": hashed if shape.frozen else None}


def _freeze(made: Any, shape: _Shape) -> None:
    known = frozenset(shape.names)

    def assign(self: Any, name: str, value: object) -> None:
        if type(self) is made or name in known:
            _refuse(f"cannot assign to field {name!r}")
        super(made, self).__setattr__(name, value)

    def delete(self: Any, name: str) -> None:
        if type(self) is made or name in known:
            _refuse(f"cannot delete field {name!r}")
        super(made, self).__delattr__(name)

    made.__setattr__, made.__delattr__ = assign, delete
    made.__getstate__, made.__setstate__ = _state, _set_state


def _refuse(what: str) -> NoReturn:
    from dataclasses import FrozenInstanceError  # only a mistake comes here

    raise FrozenInstanceError(what)


@recursive_repr("...")
def _shown(self: Any) -> str:
    fields = self.__record__.fields
    told = [f"{name}={getattr(self, name)!r}" for name in fields if fields[name].shown]
    return f"{self.__class__.__qualname__}({', '.join(told)})"


def _state(self: Any) -> list[Any]:
    return list(self.__record__.values(self))


def _set_state(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__record__.names, state, strict=True):
        object.__setattr__(self, name, value)


class _Described:
    """An attribute by which `dataclasses` knows what is one."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, record: Any, kind: Any) -> Any:
        shape: _Shape = kind.__record__
        if shape.described is None:
            shape.described = _describe(shape)
        return getattr(shape.described, self._name)


def _describe(shape: _Shape) -> type:
    import dataclasses  # with `inspect` it takes longer than the classes of a start

    fields: list[Any] = []
    for name, one in shape.fields.items():
        given: dict[str, Any] = {"repr": one.shown, "kw_only": one.keyword}
        if one.default is not _MISSING:
            given["default"] = one.default
        if one.factory is not _MISSING:
            given["default_factory"] = one.factory
        fields.append((name, one.hint, dataclasses.field(**given)))
    return dataclasses.make_dataclass("_", fields, frozen=shape.frozen, eq=shape.eq)


_SHARED: dict[str, Any] = {
    "__dataclass_fields__": _Described("__dataclass_fields__"),
    "__dataclass_params__": _Described("__dataclass_params__"),
    "__replace__": replace,
    "__repr__": _shown,
}
