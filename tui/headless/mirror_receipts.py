"""The receipts of a mirror: written whole, and only over receipts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from providers.base import Place
from providers.errors import Denied
from providers.location import show
from providers.private_file import write_private
from providers.sites import Sites
from transfers.mirror.model import MirrorPlan, Pair
from transfers.model import Job
from tui import mirror_receipt
from tui.mirror_receipt import Record
from tui.receipt import as_file
from tui.receipt_reading import read_receipt

_JSON = frozenset({".json", ".jsonl"})


def check(receipts: Sequence[Path], sites: Sites | None) -> None:
    """What would be written over must be receipts. Raises BadReceipt, Denied."""
    for path in receipts:
        if content := _content(path):
            read_receipt(content, str(path), str(path.absolute().parent), sites)


def write(
    receipts: Sequence[Path], plan: MirrorPlan, pairs: Sequence[Pair], jobs: Sequence[Job]
) -> None:
    """Each of them, with the proofs that earlier runs kept in one of them. Raises Denied."""
    old: dict[str, Record] = {}
    for path in receipts:
        old |= mirror_receipt.by_target(_content(path))
    stays = list(mirror_receipt.staying(plan, pairs, jobs))
    found = mirror_receipt.records(plan, stays, jobs, old)
    paths = {show(job.target): job.target.path for job in jobs}
    paths |= {
        show(Place(plan.right.endpoint, each.pair.right_path)): each.pair.right_path
        for each in stays
    }
    for path in receipts:
        if path.suffix in _JSON:
            lines = mirror_receipt.as_json_lines(plan, found)
        else:
            lines = mirror_receipt.as_sums(plan, found, paths)
        _write(path, as_file(lines))


def _content(path: Path) -> bytes:
    """Nothing where there is none yet."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        what = f"this receipt cannot be read ({error.strerror})"
        raise Denied(str(path), what, advice="Choose another file.") from error


def _write(path: Path, content: bytes) -> None:
    try:
        write_private(path, content)
    except OSError as error:
        what = f"the receipt cannot be written there ({error.strerror})"
        raise Denied(str(path), what, advice="Choose another file.") from error
