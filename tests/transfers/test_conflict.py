"""Every policy against every relation of a source to what stands in its way."""

from __future__ import annotations

from itertools import islice

import pytest

from providers.base import ANY_VERSION, Entry, Kind
from tests.transfers.samples import make_entry
from transfers.conflict import Act, decide, other_names
from transfers.model import Policy

_SOURCE = make_entry(size=10, modified=1000.0, version="s")
_TARGETS: dict[str, Entry] = {
    "older": make_entry(size=10, modified=900.0, version="t"),
    "newer": make_entry(size=10, modified=1100.0, version="t"),
    "same": make_entry(size=10, modified=1000.0, version="t"),
    "within tolerance": make_entry(size=10, modified=998.5, version="t"),
    "other size": make_entry(size=11, modified=1000.0, version="t"),
    "unknown time": make_entry(size=10, modified=None, version="t"),
    "unknown size": make_entry(size=None, modified=1000.0, version="t"),
}
_WRITTEN = {
    Policy.NEWER: {"older"},
    Policy.DIFFERENT: {"older", "newer", "other size", "unknown time", "unknown size"},
    Policy.OVERWRITE: set(_TARGETS),
}


@pytest.mark.parametrize("relation", _TARGETS)
@pytest.mark.parametrize("policy", _WRITTEN)
def test_a_policy_overwrites_only_what_it_says(policy: Policy, relation: str) -> None:
    decision = decide(policy, _SOURCE, _TARGETS[relation])
    if relation in _WRITTEN[policy]:
        assert (decision.act, decision.replacing) == (Act.WRITE, "t")
    else:
        assert decision.act is Act.SKIP
        assert decision.reason


@pytest.mark.parametrize("relation", _TARGETS)
@pytest.mark.parametrize(
    ("policy", "act"),
    [(Policy.ASK, Act.ASK), (Policy.SKIP, Act.SKIP), (Policy.RENAME, Act.RENAME)],
)
def test_other_policies_do_not_look_at_times(policy: Policy, act: Act, relation: str) -> None:
    decision = decide(policy, _SOURCE, _TARGETS[relation])
    assert (decision.act, decision.replacing) == (act, None)


def test_a_source_without_a_time_is_never_newer_and_always_different() -> None:
    unknown = make_entry(size=10, modified=None)
    assert decide(Policy.NEWER, unknown, _TARGETS["older"]).act is Act.SKIP
    assert decide(Policy.DIFFERENT, unknown, _TARGETS["older"]).act is Act.WRITE


@pytest.mark.parametrize("policy", Policy)
def test_where_nothing_stands_the_file_is_written_and_nothing_replaced(policy: Policy) -> None:
    decision = decide(policy, _SOURCE, None)
    assert (decision.act, decision.replacing) == (Act.WRITE, None)


@pytest.mark.parametrize("policy", Policy)
def test_a_directory_is_never_replaced_by_a_file(policy: Policy) -> None:
    decision = decide(policy, _SOURCE, make_entry(kind=Kind.DIR))
    assert decision.act is Act.REFUSE
    assert decision.reason


def test_a_target_without_a_version_is_replaced_whatever_it_is() -> None:
    assert decide(Policy.OVERWRITE, _SOURCE, make_entry()).replacing == ANY_VERSION


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("a.txt", "a (2).txt"),
        ("a.tar.gz", "a.tar (2).gz"),
        ("README", "README (2)"),
        (".profile", ".profile (2)"),
        ("a.", "a (2)."),
    ],
)
def test_a_second_name_keeps_the_extension(name: str, first: str) -> None:
    assert next(other_names(name)) == first


def test_second_names_count_up_and_come_to_an_end() -> None:
    assert list(islice(other_names("a"), 3)) == ["a (2)", "a (3)", "a (4)"]
    assert len(set(other_names("a"))) == 9_998


@pytest.mark.parametrize("policy", Policy)
def test_a_device_or_a_pipe_is_never_replaced_by_a_file(policy: Policy) -> None:
    decision = decide(policy, _SOURCE, make_entry(kind=Kind.OTHER, version="t"))
    assert decision.act is Act.REFUSE
    assert "pipe" in decision.reason
