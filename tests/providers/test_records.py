"""The project's dataclasses are what `dataclasses` would have made of the same classes."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import providers
import transfers
import tui
from providers import record_class
from providers.base import Entry, Kind
from providers.records import dataclass, field, is_record, names_of, replace, values_of
from providers.s3.look import Described


def _modules() -> Iterator[ModuleType]:
    for package in (providers, transfers, tui):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def _records() -> list[type]:
    found = {
        kind
        for module in _modules()
        for kind in vars(module).values()
        if isinstance(kind, type) and "__record__" in vars(kind)
    }
    return sorted(found, key=lambda kind: (kind.__module__, kind.__qualname__))


def _twin(kind: Any) -> Any:
    """What the standard library makes of the same fields."""
    shape = kind.__record__
    made = record_class._describe(shape)
    return dataclasses.make_dataclass(
        kind.__name__,
        [(one.name, one.type, _again(one)) for one in dataclasses.fields(made)],
        frozen=shape.frozen,
        eq=shape.eq,
        slots=True,
    )


def _again(one: dataclasses.Field[Any]) -> Any:
    given: dict[str, Any] = {"repr": one.repr, "kw_only": one.kw_only}
    for name in ("default", "default_factory"):
        if getattr(one, name) is not dataclasses.MISSING:
            given[name] = getattr(one, name)
    return dataclasses.field(**given)


def _parameters(kind: Any) -> list[tuple[str, Any, bool]]:
    said = inspect.signature(kind).parameters.values()
    return [(one.name, one.kind, one.default is one.empty) for one in said]


def test_every_class_of_the_project_takes_keeps_shows_and_compares_what_its_twin_does() -> None:
    records = _records()
    assert len(records) > 250
    for kind in records:
        _compare(kind, _twin(kind))


def _compare(kind: Any, twin: Any) -> None:
    assert _parameters(kind) == _parameters(twin), kind
    assert kind.__match_args__ == twin.__match_args__, kind
    names = [one.name for one in dataclasses.fields(twin)]
    assert [*names_of(kind)] == names
    values = {name: f"the {name}" for name in names}
    ours, theirs = kind(**values), twin(**values)
    assert [getattr(ours, name) for name in names] == [*values.values()]
    assert not hasattr(ours, "__dict__") or hasattr(kind.__mro__[1], "__dict__"), kind
    if "__repr__" not in vars(kind) or vars(kind)["__repr__"] is record_class._shown:
        assert repr(ours).partition("(")[2] == repr(theirs).partition("(")[2], kind
    others = [{**values, name: 1} for name in names]
    for other in (values, *others):
        assert (ours == kind(**other)) == (theirs == twin(**other)), kind
    if twin.__hash__ is None:
        assert kind.__hash__ is None
    elif "__eq__" in vars(twin):
        assert hash(ours) == hash(theirs) == hash(kind(**values)), kind


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two values."""

    left: Any
    right: Any = 2
    more: list[int] = field(default_factory=list)
    secret: str = field(default="hidden", repr=False)


@dataclass(slots=True)
class _Open:
    left: Any
    right: Any = 2


@dataclasses.dataclass(frozen=True, slots=True)
class _Theirs:
    left: Any
    right: Any = 2
    more: list[int] = dataclasses.field(default_factory=list)
    secret: str = dataclasses.field(default="hidden", repr=False)


_values = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.floats(), st.binary())


@given(_values, _values, _values, _values)
def test_two_are_equal_exactly_when_their_twins_are(a: Any, b: Any, c: Any, d: Any) -> None:
    assert (_Pair(a, b) == _Pair(c, d)) == (_Theirs(a, b) == _Theirs(c, d))
    assert (_Pair(a, b, secret="x") == _Pair(a, b)) == (_Theirs(a, b, secret="x") == _Theirs(a, b))


def test_a_default_that_is_made_is_made_for_each() -> None:
    one, other = _Pair(1), _Pair(1)
    one.more.append(1)
    assert other.more == []
    assert _Pair(1, more=[3]).more == [3]


def test_a_frozen_one_refuses_every_assignment() -> None:
    pair = _Pair(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'left'"):
        pair.left = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'other'"):
        pair.other = 2  # type: ignore[attr-defined]
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'left'"):
        del pair.left
    assert pair == _Pair(1)


def test_one_that_is_not_frozen_is_assigned_to_and_has_no_hash() -> None:
    one = _Open(1)
    one.right = 3
    assert one == _Open(1, 3)
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
    with pytest.raises(AttributeError):
        one.other = 1  # type: ignore[attr-defined]


def test_it_is_shown_without_what_is_not_to_be_seen() -> None:
    assert repr(_Pair("x")) == "_Pair(left='x', right=2, more=[])"


def test_one_that_holds_itself_is_shown() -> None:
    one = _Open(1)
    one.left = one
    assert repr(one) == "_Open(left=..., right=2)"


def test_it_is_altered_in_some_fields() -> None:
    pair = _Pair(1, more=[5])
    assert replace(pair, right=9) == _Pair(1, 9, [5])
    assert dataclasses.replace(pair, right=9) == _Pair(1, 9, [5])
    with pytest.raises(TypeError, match="other"):
        replace(pair, other=1)


@pytest.mark.parametrize("one", [_Pair(1, more=[2]), _Open(3)])
def test_it_is_copied_and_pickled(one: Any) -> None:
    for again in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert again == one
        assert again is not one


def test_the_standard_library_takes_it_for_one_of_its_own() -> None:
    assert dataclasses.is_dataclass(_Pair)
    assert dataclasses.asdict(_Pair(_Open(1))) == {
        "left": {"left": 1, "right": 2},
        "right": 2,
        "more": [],
        "secret": "hidden",
    }
    assert [one.name for one in dataclasses.fields(_Pair)] == ["left", "right", "more", "secret"]


def test_its_names_and_values_are_told() -> None:
    assert is_record(_Pair)
    assert is_record(_Open(1))
    assert not is_record(1)
    assert names_of(_Open) == names_of(_Open(1)) == ("left", "right")
    assert values_of(_Open(1)) == {"left": 1, "right": 2}


def test_what_inherits_has_the_fields_of_both() -> None:
    entry = Entry("/a", "a", Kind.FILE)
    described = Described("/a", "a", Kind.FILE, size=4)
    assert names_of(Described)[: len(names_of(Entry))] == names_of(Entry)
    assert described.size == 4
    assert entry != described
    with pytest.raises(dataclasses.FrozenInstanceError):
        described.size = 5  # type: ignore[misc]


def test_a_class_that_it_cannot_be_is_refused() -> None:
    with pytest.raises(TypeError, match="has slots"):
        dataclass(slots=False)(_Plain)
    with pytest.raises(ValueError, match="mutable default"):
        dataclass(slots=True)(_Shared)
    with pytest.raises(TypeError, match="do not inherit"):
        dataclass(slots=True)(type("Child", (_Pair,), {"__annotations__": {}}))
    with pytest.raises(TypeError, match="is a dataclass and no record"):
        dataclass(frozen=True, slots=True)(type("Child", (_Theirs,), {"__annotations__": {}}))


class _Plain:
    a: int


class _Shared:
    a: list[int] = []  # noqa: RUF012
