"""What crosses the socket arrives as it was; what is not ours is refused with one error."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.base import Place
from tests.transfers.samples import make_job, new_job
from transfers.model import (
    Command,
    Enqueue,
    Grant,
    JobState,
    NewJob,
    Pause,
    Row,
    Snapshot,
    StateChanged,
    Totals,
)
from transfers.wire import WireError, decode, encode, pack, unpack

_ESCAPED = [chr(0xDC00 + byte) for byte in range(0x80, 0x100)]  # PEP 383: bytes that are no UTF-8
_NAMES = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(_ESCAPED), max_size=8)
_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: _NAMES,
    int: st.integers(-(2**63), 2**63),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    type(None): st.none(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Every value that `hint` allows."""
    origin, items = get_origin(hint), get_args(hint)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if origin in (Union, types.UnionType):
        return st.one_of([values(item) for item in items])
    if origin is tuple and items[-1] is Ellipsis:
        return st.lists(values(items[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*[values(item) for item in items])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(values(items[0]), values(items[1]), max_size=3)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    assert is_dataclass(hint), hint
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: values(hints[field.name]) for field in fields(hint)})


def across(hint: Any, value: Any) -> Any:
    return decode(hint, unpack(pack(encode(hint, value))))


@pytest.mark.parametrize("hint", [Command, Grant, Snapshot, StateChanged, tuple[Row, ...], NewJob])
def test_whatever_there_is_to_say_arrives_as_it_was(hint: Any) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(values(hint))
    def check(value: Any) -> None:
        assert across(hint, value) == value

    check()


def test_every_command_says_which_it_is() -> None:
    assert encode(Command, Pause((1, 2))) == ["Pause", [[1, 2]]]
    assert len({command.__name__ for command in get_args(Command)}) == len(get_args(Command))


def test_enums_arrive_as_themselves() -> None:
    job = make_job(1, JobState.DONE)
    arrived = across(StateChanged, StateChanged(job, JobState.QUEUED))
    assert arrived.job.state is JobState.DONE
    assert arrived.before is JobState.QUEUED
    counts = across(Totals, Totals({JobState.DONE: 3})).counts
    assert [*counts] == [JobState.DONE]
    assert all(isinstance(state, JobState) for state in counts)


def test_a_name_that_is_no_utf8_arrives_byte_for_byte() -> None:
    place = across(Place, Place("file:", b"/\xff\xfe\x80".decode("utf-8", "surrogateescape")))
    assert place.path.encode("utf-8", "surrogateescape") == b"/\xff\xfe\x80"


@pytest.mark.parametrize(
    "plain",
    [
        None,
        17,
        "Pause",
        [],
        ["Pause"],
        ["Pause", {}],
        ["Pause", [["1"]]],
        ["Pause", [[True]]],
        ["Pause", [[1.5]]],
        ["Pause", [None, None]],
        ["Reboot", []],
        [["Pause"], [None]],
        ["__import__", ["os"]],
        ["SetLimits", ["10M", None, "", None]],
        ["Resolve", [1, "burn", False]],
        ["Enqueue", [[["copy"]], "ask", "auto"]],
        ["Enqueue", ["text", "ask", "auto"]],
        {"Pause": []},
    ],
)
def test_what_is_no_command_is_refused(plain: object) -> None:
    with pytest.raises(WireError):
        decode(Command, plain)


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([Command, Grant, Snapshot, StateChanged, Row, NewJob]),
    _PLAIN | st.tuples(st.sampled_from([c.__name__ for c in get_args(Command)]), _PLAIN).map(list),
)
def test_no_rubbish_raises_anything_else(hint: Any, plain: Any) -> None:
    try:
        value = decode(hint, plain)
    except WireError:
        return
    assert is_dataclass(value)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 100_000, b"nonsense"]
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        unpack(data)


def test_what_is_refused_is_not_repeated_in_the_message() -> None:
    with pytest.raises(WireError) as refused:
        decode(Grant, ["sftp://h", [["password", "", ["s3cret"]]], []])
    assert "s3cret" not in str(refused.value)


def test_no_pickle_is_read() -> None:
    import pickle

    with pytest.raises(WireError):
        unpack(pickle.dumps(Pause()))


def test_a_large_plan_keeps_its_order() -> None:
    plan = Enqueue(tuple(new_job(str(number)) for number in range(5000)))
    assert across(Command, plan) == plan
