"""What a plan says of each file, what becomes of what a person decides, and the command for it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from providers.base import Entry, Kind, Place
from transfers.model import Carry, Links, NewJob, Op, Policy, Verify
from transfers.plan import Meets, Planned
from tui import planning
from tui.planning import Choices, Plan, make_plan
from tui.shell_line import quoted, shell_line

X, Y = "memory://x", "memory://y"
COPY, MOVE = Choices(move=False), Choices(move=True)


def planned(name: str, meets: Meets, size: int | None = 10, age: float = 0.0) -> Planned:
    """`age`: seconds by which what stands there is older."""
    op = {Meets.FOLDER: Op.MAKE_DIR, Meets.LEFT_OUT: Op.NOTE}.get(meets, Op.MOVE)
    job = NewJob(op, Place(X, f"/{name}"), Place(Y, f"/in/{name}"), size=size, modified=1000.0)
    there = None
    if meets in (Meets.SAME, Meets.DIFFERENT):
        there = Entry(f"/in/{name}", name, Kind.FILE, size, 1000.0 - age)
    return Planned(job, meets, there)


def plan_of(*rows: Planned, free: int | None = None, removals: Sequence[NewJob] = ()) -> Plan:
    sources = [row.job.source for row in rows]
    return make_plan(sources, Place(Y, "/in"), rows, removals, free=free)


def policies(plan: Plan, choices: Choices) -> dict[str, Policy | None]:
    return {job.source.path: job.policy for job in planning.jobs(plan, choices)}


EVERY = [planned(str(meets), meets, age=100.0 * (meets is Meets.DIFFERENT)) for meets in Meets]


@pytest.mark.parametrize(
    ("policy", "same", "different", "clash", "unknown"),
    [
        (Policy.ASK, "ask", "ask", "ask", "ask"),
        (Policy.SKIP, "skip", "skip", "skip", "skip"),
        (Policy.OVERWRITE, "overwrite", "overwrite", "ask", "overwrite"),
        (Policy.RENAME, "keep both", "keep both", "keep both", "keep both"),
        (Policy.NEWER, "skip", "overwrite", "ask", "if newer"),
        (Policy.DIFFERENT, "skip", "overwrite", "ask", "if other"),
    ],
)
def test_a_row_says_what_the_policy_makes_of_it(
    policy: Policy, same: str, different: str, clash: str, unknown: str
) -> None:
    plan, choices = plan_of(*EVERY), Choices(move=False, policy=policy)
    assert {row.meets: planning.act(plan, choices, at) for at, row in enumerate(EVERY)} == {
        Meets.NEW: "copy",
        Meets.SAME: same,
        Meets.DIFFERENT: different,
        Meets.CLASH: clash,
        Meets.UNKNOWN: unknown,
        Meets.BLOCKED: "fails",
        Meets.FOLDER: "make",
        Meets.LEFT_OUT: "",
    }


def test_what_is_decided_of_single_rows_goes_into_their_jobs() -> None:
    plan = plan_of(*(planned(name, Meets.DIFFERENT) for name in "abcd"))
    edits = planning.decided(plan, {}, [0], None)
    edits = planning.decided(plan, edits, [1], Policy.OVERWRITE)
    edits = planning.decided(plan, edits, [2], Policy.RENAME)
    found = policies(plan, Choices(move=False, edits=edits))
    assert found == {"/b": Policy.OVERWRITE, "/c": Policy.RENAME, "/d": None}


def test_where_nothing_is_there_only_leaving_out_can_be_decided_and_taken_back() -> None:
    plan = plan_of(planned("a", Meets.NEW), planned("l", Meets.LEFT_OUT))
    edits = planning.decided(plan, {}, [0, 1], None)
    assert edits == {0: None}
    assert planning.act(plan, Choices(move=False, edits=edits), 0) == "leave out"
    assert planning.decided(plan, edits, [0, 1], Policy.OVERWRITE) == {}


def test_what_was_not_there_when_it_was_planned_is_never_overwritten_unasked() -> None:
    rows = planned("new", Meets.NEW), planned("old", Meets.DIFFERENT), planned("c", Meets.CLASH)
    found = policies(plan_of(*rows), Choices(move=False, policy=Policy.OVERWRITE))
    assert found == {"/new": Policy.ASK, "/old": None, "/c": Policy.ASK}


def test_only_what_was_seen_is_overwritten() -> None:
    row = planned("old", Meets.DIFFERENT)
    assert row.there is not None
    row = replace(row, there=replace(row.there, version="v1"))
    plan = plan_of(row)
    overwriting = Choices(move=False, policy=Policy.OVERWRITE)
    for choices in (overwriting, Choices(move=False, edits={0: Policy.OVERWRITE})):
        (job,) = planning.jobs(plan, choices)
        assert job.agreed == "v1"
    (job,) = planning.jobs(plan, COPY)
    assert job.agreed is None


def test_a_copy_is_made_of_the_jobs_of_a_move() -> None:
    removal = NewJob(Op.REMOVE_DIR, Place(X, "/d"), Place(Y, "/in/d"))
    plan = plan_of(planned("d/a", Meets.NEW), planned("d/e", Meets.FOLDER), removals=[removal])
    assert [job.op for job in planning.jobs(plan, COPY)] == [Op.COPY, Op.MAKE_DIR]
    assert [job.op for job in planning.jobs(plan, MOVE)] == [Op.MOVE, Op.MAKE_DIR, Op.REMOVE_DIR]


@pytest.mark.parametrize("meets", Meets)
def test_a_plan_is_plain_where_nothing_is_there(meets: Meets) -> None:
    harmless = meets in (Meets.NEW, Meets.FOLDER, Meets.LEFT_OUT)
    assert planning.plain(plan_of(planned("a", Meets.NEW), planned("b", meets))) is harmless


def test_what_does_not_fit_is_not_plain_and_leaving_out_makes_it_fit() -> None:
    rows = [planned("a", Meets.NEW, 60), planned("b", Meets.NEW, 60)]
    plan = plan_of(*rows, free=100)
    assert not planning.plain(plan)
    assert planning.too_large(plan, COPY)
    assert not planning.too_large(plan, Choices(move=False, edits={1: None}))
    assert planning.plain(plan_of(*rows, free=120))
    assert planning.plain(plan_of(*rows, free=None))


def test_a_move_within_a_place_may_need_no_room() -> None:
    plan = replace(plan_of(planned("a", Meets.NEW, 60), free=1), sources=(Place(Y, "/a"),))
    assert planning.too_large(plan, COPY)
    assert not planning.too_large(plan, MOVE)


def test_the_total_follows_the_policy_and_what_was_decided_of_rows() -> None:
    plan = plan_of(*EVERY)

    def total(**choices: object) -> tuple[int, int]:
        found = planning.total(plan, Choices(move=False, **choices))  # type: ignore[arg-type]
        return found.count, found.size

    at = {row.meets: number for number, row in enumerate(EVERY)}
    assert total() == (5, 50)
    assert total(policy=Policy.SKIP) == (1, 10)
    assert total(edits={at[Meets.NEW]: None, at[Meets.BLOCKED]: None}) == (4, 40)
    assert total(policy=Policy.SKIP, edits={at[Meets.SAME]: Policy.OVERWRITE}) == (2, 20)


def test_a_row_keeps_its_columns_at_any_width_and_shows_no_command_to_the_terminal() -> None:
    plan = plan_of(planned("d/\x1b]0;pwn\x07 日本.txt", Meets.NEW))
    for width in (24, 36, 49, 50, 74, 150):
        text = planning.row_text(plan, COPY, 0, width)
        assert cell_len(text) == width
        assert text.isprintable()
        assert text.endswith("  new          copy     ")
    assert planning.row_text(plan, COPY, 0, 74).startswith("d/\\x1b]0;pwn\\x07 日本.txt ")


def test_rows_are_filtered_by_kind() -> None:
    plan = plan_of(*EVERY)
    assert planning.filtered(plan, None) == list(range(len(EVERY)))
    (at,) = planning.filtered(plan, Meets.SAME)
    assert EVERY[at].meets is Meets.SAME


def test_a_link_is_made_or_moved_and_what_one_led_to_is_copied_only() -> None:
    ends = Place(X, "/link"), Place(Y, "/in/link")
    made = [NewJob(op, *ends) for op in (Op.MOVE_LINK, Op.COPY)]
    plan = plan_of(*(Planned(job, Meets.NEW) for job in made))
    assert [planning.act(plan, COPY, at) for at in (0, 1)] == ["link", "copy"]
    assert [planning.act(plan, MOVE, at) for at in (0, 1)] == ["move", "copy"]
    assert [job.op for job in planning.jobs(plan, COPY)] == [Op.LINK, Op.COPY]
    assert [job.op for job in planning.jobs(plan, MOVE)] == [Op.MOVE_LINK, Op.COPY]


@pytest.mark.parametrize("carry", list(Carry))
def test_every_job_and_the_command_say_what_a_copy_is_to_keep(carry: Carry) -> None:
    plan = plan_of(*EVERY)
    assert {job.carry for job in planning.jobs(plan, COPY, carry)} == {carry}
    line = shell_line(local("/a", to="/in"), COPY, Verify.AUTO, None, carry=carry)
    said = "" if carry is Carry.ALL else f"--keep {carry} "
    assert line == f"wharfie copy {said}/a /in/"


# The command line


def line_of(plan: Plan, choices: Choices = COPY, verify: Verify = Verify.AUTO) -> str:
    return shell_line(plan, choices, verify, None)


@pytest.mark.parametrize("links", list(Links))
def test_the_command_says_what_becomes_of_links_where_that_is_not_the_usual(links: Links) -> None:
    line = shell_line(local("/a", to="/in"), COPY, Verify.AUTO, None, links=links)
    said = "" if links is Links.LINK else f"--links {links} "
    assert line == f"wharfie copy {said}/a /in/"


def local(*paths: Path | str, to: Path | str) -> Plan:
    return make_plan([Place("file:", str(path)) for path in paths], Place("file:", str(to)), [])


def test_the_command_names_what_was_chosen_where_to_and_how() -> None:
    assert line_of(local("/a/b c", "/a/it's", to="/in")) == (
        "wharfie copy '/a/b c' '/a/it'\"'\"'s' /in/"
    )
    choices = Choices(move=True, policy=Policy.NEWER)
    assert line_of(local("/a", to="/"), choices, Verify.STRONG) == (
        "wharfie copy --move --on-conflict newer --verify strong /a /"
    )
    sftp = Place("sftp://ann@host:22", "/srv")
    assert line_of(replace(local("/a", to="/"), target=sftp)) == (
        "wharfie copy /a sftp://ann@host:22/srv/"
    )


def test_a_shell_reads_every_name_as_it_is_and_the_terminal_sees_none_of_it() -> None:
    hostile = ["\x1b[201~\nrm -rf x", "a'b\\\t$(id)`id`!", "\udcff\u202eä1", "", "-n", "~", "*"]
    words = quoted(hostile, windows=False)
    assert words.isprintable()
    script = f"printf '%s\\0' {words}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    found = [raw.decode("utf-8", "surrogateescape") for raw in done.stdout.split(b"\0")[:-1]]
    assert found == hostile


def test_windows_gets_its_own_quotes_and_no_name_that_cannot_be_typed() -> None:
    assert quoted(["wharfie", r"C:\a b"], windows=True) == r'wharfie "C:\a b"'
    with pytest.raises(ValueError, match="cannot be typed"):
        quoted(["a\x1b"], windows=True)


def test_there_is_no_command_for_a_secret_for_single_decisions_nor_for_too_many_names() -> None:
    secret = make_plan([Place("https://host", "/a?sig=geheim")], Place("file:", "/in"), [])
    with pytest.raises(ValueError, match="a part of it is a secret"):
        line_of(secret)
    with pytest.raises(ValueError, match="decided one by one"):
        line_of(local("/a", to="/in"), Choices(move=False, edits={0: None}))
    with pytest.raises(ValueError, match="names just this"):
        line_of(replace(local("/a", to="/in"), typed=False))
    with pytest.raises(ValueError, match="So many names"):
        line_of(local(*(f"/some/folder/{n}" for n in range(10_000)), to="/in"))


def test_the_command_does_what_the_plan_showed(tmp_path: Path) -> None:
    source, to = tmp_path / "it's a source", tmp_path / "to"
    (source / "sub").mkdir(parents=True)
    to.mkdir()
    (source / "sub" / "deep").write_text("deep")
    (source / "a\tb").write_text("new")
    (to / "a\tb").write_text("old one")
    plan = local(source / "sub", source / "a\tb", to=to)
    line = line_of(plan, Choices(move=True, policy=Policy.RENAME))
    script = f'wharfie() {{ {shlex.quote(sys.executable)} -m tui "$@"; }}; {line}'
    subprocess.run(["bash", "-c", script], check=True, capture_output=True)
    assert (to / "sub" / "deep").read_text() == "deep"
    assert ((to / "a\tb").read_text(), (to / "a\tb (2)").read_text()) == ("old one", "new")
    assert not list(source.iterdir())
