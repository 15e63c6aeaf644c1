"""`Wish.links` "link": compared by their texts; made, replaced and deleted as links."""

from __future__ import annotations

from dataclasses import replace

import pytest

from providers.base import Entry, Kind
from tests.transfers.mirror.trees import Tree, marks, pairs, sides, why
from transfers.mirror import guard, planning, saved
from transfers.mirror.jobs import jobs as jobs_of
from transfers.mirror.model import Action, Criteria, Mark, MirrorPlan, Wish
from transfers.model import Op, Policy

LINK = Wish(links="link", delete=True)


class NoLinks(Tree):
    """A place that lists links, and makes none."""

    make_link = None  # type: ignore[assignment]


class Short(Tree):
    """Its listings leave out where links lead, as SFTP's do."""

    def __init__(self) -> None:
        super().__init__()
        self.lists = lambda entry: replace(entry, target=None)


def planned(left: Tree, right: Tree, wish: Wish = LINK) -> MirrorPlan:
    return planning.plan(*sides(left, right), wish, pairs(left, right, wish), 0.0)


def actions(plan: MirrorPlan) -> dict[str, Action]:
    return {"/".join(step.pair.relative): step.action for step in plan.steps}


@pytest.mark.parametrize("right", [Tree(), Short()])
def test_links_are_compared_by_their_texts_alone(right: Tree) -> None:
    left = Tree().link("/same", "nowhere").link("/other", "a").link("/new", "../../outside")
    right.link("/same", "nowhere").link("/other", "b").link("/only", "same")
    assert marks(left, right, LINK) == {
        "same": Mark.SAME,
        "other": Mark.DIFFERENT,
        "new": Mark.NEW,
        "only": Mark.ONLY_RIGHT,
    }
    assert why(left, right, "other", LINK) == "where it leads"


def test_a_link_is_asked_about_only_where_its_listing_leaves_out_where_it_leads() -> None:
    left, right = Tree().link("/a", "x"), Tree().link("/a", "x")
    marks(left, right, LINK)
    assert left.count("stat") == right.count("stat") == 0
    short = Short().link("/a", "x")
    marks(left, short, LINK)
    assert (left.count("stat"), short.count("stat")) == (0, 1)


def test_digests_have_nothing_to_say_of_links() -> None:
    left, right = Tree().link("/a", "x").link("/b", "x"), Short().link("/a", "x").link("/b", "y")
    found = marks(left, right, replace(LINK, criteria=Criteria(by="digest")))
    assert found == {"a": Mark.SAME, "b": Mark.DIFFERENT}


def test_a_link_whose_text_its_place_keeps_is_not_known() -> None:
    class Silent(Short):
        def stat(self, path: str, *, follow: bool = False) -> Entry:
            return replace(super().stat(path, follow=follow), target=None)

    left, right = Tree().link("/a", "x"), Silent().link("/a", "x")
    assert marks(left, right, LINK) == {"a": Mark.UNKNOWN}


def test_a_link_and_a_file_or_folder_are_a_type_conflict_and_nothing_below_is_touched() -> None:
    left = Tree().put("/folder/file").put("/file").link("/link", "x").link("/to", "x")
    right = Tree().link("/folder", "/else").link("/file", "x").put("/link").put("/to/inside")
    right.put("/else/file")
    found = marks(left, right, LINK)
    assert {found.pop(name) for name in ("folder", "file", "link", "to")} == {Mark.TYPE}
    assert set(found) == {"else", "else/file"}
    jobs = jobs_of(planned(left, right))
    assert not [job for job in jobs if job.op is not Op.NOTE and "/else" not in job.target.path]


@pytest.mark.parametrize(("left", "right"), [(Tree(), NoLinks()), (NoLinks(), Tree())])
def test_links_are_left_out_with_a_reason_where_not_both_places_have_them(
    left: Tree, right: Tree
) -> None:
    left.link("/link", "x")
    right.link("/only", "x")
    assert set(marks(left, right, LINK).values()) == {Mark.LEFT_OUT}
    assert why(left, right, "link", LINK) == "a link: not both places have links"


def test_a_new_link_is_made_and_a_changed_one_replaced_in_the_version_that_was_compared() -> None:
    left = Tree().link("/a", "x").link("/b", "y")
    right = Tree().link("/b", "z")
    version = right.stat("/b").version
    a, b = jobs_of(planned(left, right))
    assert (a.op, a.policy, a.agreed, a.within, a.leads) == (Op.LINK, Policy.ASK, None, "/", "x")
    assert (b.op, b.policy, b.agreed, b.leads) == (Op.LINK, Policy.OVERWRITE, version, "y")


def test_a_link_that_only_the_right_has_is_deleted_as_a_link_and_only_in_its_version() -> None:
    left, right = Tree().put("/file"), Tree().put("/file").link("/only", "file")
    (prune,) = jobs_of(planned(left, right))
    assert (prune.op, prune.target.path) == (Op.PRUNE, "/only")
    assert prune.agreed == right.stat("/only").version is not None
    assert jobs_of(planned(left, right, replace(LINK, delete=False))) == ()


def test_a_link_whose_place_tells_no_version_is_never_deleted_nor_replaced_unasked() -> None:
    left, right = Tree().put("/file").link("/a", "x"), Tree().put("/file").link("/a", "y")
    right.link("/only", "file").lists = lambda entry: (
        replace(entry, version=None) if entry.kind is Kind.LINK else entry
    )
    plan = planned(left, right)
    assert actions(plan) == {"a": Action.RIGHT, "only": Action.SKIP}
    assert "nothing is deleted unseen" in plan.steps[1].why
    (job,) = jobs_of(plan)
    assert (job.policy, job.agreed) == (Policy.ASK, None)


def test_links_that_would_be_deleted_count_as_files_do() -> None:
    left, right = Tree().put("/kept"), Tree().put("/kept")
    for number in range(20):
        right.link(f"/{number}", "kept")
    assert "20 of the 21 files" in (guard.refusal(planned(left, right)) or "")
    assert "no files at all" in (guard.never(planned(Tree(), right)) or "")
    assert guard.never(planned(Tree().link("/0", "kept"), right)) is None


def test_a_saved_plan_keeps_its_links_and_rechecks_them() -> None:
    left, right = Tree().link("/new", "x").link("/b", "y"), Short().link("/b", "z")
    right.link("/only", "x")
    plan = planned(left, right)
    assert saved.from_text(saved.as_text(plan)) == plan
    both = sides(left, right)
    assert saved.recheck(plan, *both) == (plan, ())
    right.delete("/b")
    right.link("/b", "somebody else's")
    still, stale = saved.recheck(plan, *both)
    assert {"/".join(step.pair.relative) for step in stale} == {"b", "only"}
    assert actions(still) == {"new": Action.RIGHT}
