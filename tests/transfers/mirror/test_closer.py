"""What listings leave in doubt is looked at once more, and nothing else."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest

from providers.base import Entry, Hasher
from providers.errors import ConnectionLost, Denied, Unsupported
from tests.transfers.mirror.trees import THEN, Tree, marks, pages, why
from transfers.mirror.model import Criteria, Mark, Wish

DIGEST = Wish(criteria=Criteria("digest"))


class Xor:
    """The digest of a place of its own."""

    def __init__(self) -> None:
        self.sum = 0

    def update(self, data: object, /) -> None:
        for byte in bytes(data):  # type: ignore[call-overload]
            self.sum ^= byte

    def copy(self) -> Hasher:
        raise NotImplementedError

    def hexdigest(self) -> str:
        return f"{self.sum:02x}"


class Drive(Tree):
    """It tells a digest of its own of each file, and digests nothing for others."""

    def __init__(self, **caps: object) -> None:
        super().__init__(**{"near": False, "digests": frozenset(), "states": ("xor",)} | caps)
        self.lists = self._told

    def hasher(self, algorithm: str) -> Hasher:
        return Xor()

    def _told(self, entry: Entry) -> Entry:
        hasher = Xor()
        hasher.update(self.store.nodes[entry.path].data)
        return replace(entry, digests={"xor": hasher.hexdigest().upper()})


class Far(Tree):
    """Nothing is known of its files but size and time."""

    def __init__(self, **caps: object) -> None:
        super().__init__(**{"near": False, "digests": frozenset()} | caps)


def test_a_size_that_a_listing_does_not_tell_is_asked_for_where_both_have_the_file() -> None:
    left, right = Tree().put("/same").put("/other", b"xx").put("/new"), Tree()
    right.put("/same").put("/other")
    left.lists = lambda entry: replace(entry, size=None)
    assert marks(left, right) == {"same": Mark.SAME, "other": Mark.DIFFERENT, "new": Mark.NEW}
    assert left.count("stat") == 2 and right.count("stat") == 0


def test_a_time_of_an_index_that_differs_is_asked_for() -> None:
    left, right = Tree(), Tree()
    for name, modified in (("zone", THEN), ("edited", THEN + 500)):
        left.put(f"/{name}", modified=modified)
        right.put(f"/{name}", modified=THEN)
    left.lists = lambda entry: replace(entry, version=None, modified=1_600_007_220.0)
    assert marks(left, right) == {"zone": Mark.SAME, "edited": Mark.NEWER}
    left.lists = lambda entry: replace(entry, version=None, modified=THEN // 60 * 60)
    left.asked.clear()
    marks(left, right)
    assert left.count("stat") == 0


def test_what_was_stored_later_than_the_copy_is_asked_for_its_own_time() -> None:
    left, right = Far(keeps_modified=False).put("/copied").put("/edited", modified=THEN + 9), Tree()
    right.put("/copied").put("/edited")
    left.lists = lambda entry: replace(entry, modified=THEN + 1000)
    assert marks(left, right) == {"copied": Mark.SAME, "edited": Mark.NEWER}
    assert left.count("stat") == 2


def test_a_place_that_tells_when_it_stored_a_file_is_asked_for_nothing_more() -> None:
    left, right = Tree().put("/same").put("/edited", modified=THEN + 2000), Tree()
    right = Far(keeps_modified=False).put("/same").put("/edited")
    right.lists = lambda entry: replace(entry, modified=THEN + 1000)
    assert marks(left, right) == {"same": Mark.SAME, "edited": Mark.NEWER}
    assert left.count("stat") == right.count("stat") == 0


@pytest.mark.parametrize("drive_is", ["left", "right"])
def test_a_time_that_differs_is_checked_by_a_digest_that_the_listing_tells(drive_is: str) -> None:
    near, drive = Tree(), Drive()
    near.put("/touched", b"ab", modified=THEN + 9).put("/edited", b"ab", modified=THEN + 9)
    near.put("/same", b"ab").put("/size", b"abc", modified=THEN + 9)
    drive.put("/touched", b"ab").put("/edited", b"cd").put("/same", b"ab").put("/size", b"ab")
    left, right = (drive, near) if drive_is == "left" else (near, drive)
    later = Mark.OLDER if drive_is == "left" else Mark.NEWER
    assert marks(left, right) == {
        "touched": Mark.SAME,
        "edited": later,
        "same": Mark.SAME,
        "size": later,
    }
    assert why(left, right, "touched") == "xor"
    assert drive.count("stat") == drive.count("read") == 0
    assert near.asked["read", "/same"] == near.asked["read", "/size"] == 0


def test_by_digest_both_are_digested_where_both_can() -> None:
    left, right = Tree().put("/same", b"ab").put("/other", b"cd"), Tree(near=False)
    right.put("/same", b"ab", modified=THEN + 9).put("/other", b"ab")
    assert marks(left, right, DIGEST) == {"same": Mark.SAME, "other": Mark.DIFFERENT}
    assert why(left, right, "other", DIGEST) == "sha256"
    assert right.count("digest") > 0 and right.count("read") == 0


def test_by_digest_a_near_file_is_read_for_the_digest_that_the_other_tells() -> None:
    left, right = Tree(digests=frozenset()).put("/same", b"ab").put("/other", b"cd"), Drive()
    right.put("/same", b"ab").put("/other", b"ab")
    assert marks(left, right, DIGEST) == {"same": Mark.SAME, "other": Mark.DIFFERENT}
    assert why(left, right, "other", DIGEST) == "xor"


def test_by_digest_a_place_is_asked_for_what_its_listing_leaves_out() -> None:
    class Bucket(Drive):
        def stat(self, path: str, *, follow: bool = False) -> Entry:
            return self._told(super().stat(path, follow=follow))

    left, right = Tree(digests=frozenset()).put("/same", b"ab").put("/size", b"abc"), Bucket()
    right.put("/same", b"ab", modified=THEN + 9).put("/size", b"ab")
    right.lists = lambda entry: entry
    assert marks(left, right, DIGEST) == {"same": Mark.SAME, "size": Mark.DIFFERENT}
    assert right.count("stat") == 1


def test_by_digest_what_was_published_beside_the_left_is_used() -> None:
    class Mirror(Far):
        def published(self, entry: Entry) -> Mapping[str, str]:
            return {"sha256": hashlib.sha256(b"ab").hexdigest()}

    left, right = Mirror().put("/same", b"ab").put("/other", b"ab"), Tree()
    right.put("/same", b"ab", modified=THEN + 9).put("/other", b"cd")
    assert marks(left, right, DIGEST) == {"same": Mark.SAME, "other": Mark.DIFFERENT}
    assert marks(right, left, DIGEST)["same"] is Mark.NEWER


def test_by_digest_without_one_in_common_size_and_time_tell_and_it_is_said() -> None:
    left, right = Far().put("/same").put("/newer", modified=THEN + 9), Far()
    right.put("/same").put("/newer")
    assert marks(left, right, DIGEST) == {"same": Mark.SAME, "newer": Mark.NEWER}
    assert why(left, right, "same", DIGEST) == "no digest in common: size and time"
    assert why(left, right, "newer", DIGEST) == "no digest in common: time"


@pytest.mark.parametrize("error", [Denied("/f"), Unsupported("/f")])
def test_by_digest_a_file_that_cannot_be_digested_is_compared_by_size_and_time(
    error: Exception,
) -> None:
    left, right = Tree().put("/f"), Tree().put("/f")
    right.store.fail = _failing("digest", error)
    assert why(left, right, "f", DIGEST) == "no digest in common: size and time"


def test_by_digest_nothing_is_read_nearby_where_the_far_one_has_no_digest() -> None:
    left, right = Tree(digests=frozenset()).put("/f"), Tree(near=False).put("/f")
    right.store.fail = _failing("digest", Unsupported("/f"))
    marks(left, right, DIGEST)
    assert left.count("read") == 0


def test_a_connection_that_is_lost_while_digesting_ends_the_comparison(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("transfers.mirror.crew._WAITS", ())
    left, right = Tree().put("/f"), Tree().put("/f")
    right.store.fail = _failing("digest", ConnectionLost("/f"))
    with pytest.raises(ConnectionLost):
        marks(left, right, DIGEST)


def test_a_file_that_cannot_be_asked_about_is_not_known() -> None:
    left, right = Tree().put("/f"), Tree().put("/f")
    left.lists = lambda entry: replace(entry, size=None)
    left.store.fail = _failing("stat", Denied("/f"))
    assert marks(left, right) == {"f": Mark.UNKNOWN}


def test_a_place_that_changes_some_files_is_judged_by_their_times() -> None:
    class Library(Far):
        def rewrites(self, entry: Entry) -> bool:
            return entry.name.endswith(".docx")

    left, right = Tree(), Library()
    for name, modified in (("a.docx", THEN), ("b.docx", THEN + 9), ("c.txt", THEN)):
        left.put(f"/{name}", b"x", modified=modified)
        right.put(f"/{name}", b"more")
    expected = {"a.docx": Mark.SAME, "b.docx": Mark.NEWER, "c.txt": Mark.DIFFERENT}
    assert marks(left, right) == expected
    assert right.count("stat") == 0


def test_listings_alone_tell_of_a_tree_that_was_not_changed() -> None:
    left, right = Tree(), Tree()
    for number in range(30):
        left.put(f"/{number % 3}/{number}")
        right.put(f"/{number % 3}/{number}")
    found = Counter(pair.mark for page in pages(left, right) for pair in page)
    assert found == {Mark.SAME: 33}
    assert {operation for operation, _ in left.asked + right.asked} == {"list_dir"}


def _failing(what: str, error: Exception) -> object:
    def fail(operation: str, path: str) -> None:
        if operation == what:
            raise error

    return fail
