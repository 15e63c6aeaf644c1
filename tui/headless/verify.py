"""`wharfie verify RECEIPT`: a tree held against what was once proven about it. Writes nothing."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

from providers.access import Access
from providers.base import Place, Provider
from providers.environment import add_password
from providers.errors import ConnectionLost, Denied, NotFound, ProviderError, Throttled
from providers.location import LOCAL, show
from providers.registry import open_provider
from providers.text import printable
from transfers.pool import ProviderPool
from tui import format as fmt
from tui.headless.interrupts import terminated_as_interrupt
from tui.headless.progress_line import ProgressLine
from tui.headless.sign_in import asking
from tui.inside import is_below
from tui.receipt_reading import BadReceipt, Claim, Claims, read_receipt
from tui.reproving import WRONG, Found, GivenUp, Outcome, failed, prove_anew

_AT_ONCE = 4  # files
_ATTEMPTS = 3  # at a file whose connection is lost
_WAIT_SECONDS = 2.0  # between those
_LONGEST_WAIT = 60.0
_ORDER = (Found.SAME, Found.SIZE_ONLY, Found.UNKNOWN, *sorted(WRONG))


def run_verify(receipt: Path, settings: Mapping[str, str], access: Access, *, as_json: bool) -> int:
    """Returns the exit status. Raises BadReceipt, ProviderError, KeyboardInterrupt."""
    claims = _read(receipt, access)
    pool = ProviderPool(lambda endpoint: open_provider(endpoint, access))
    told = _Told(as_json, claims.without)
    stop = threading.Event()
    try:
        with terminated_as_interrupt():
            by_endpoint = sorted(claims.files, key=lambda claim: claim.place.endpoint)
            for endpoint, some in groupby(by_endpoint, key=lambda claim: claim.place.endpoint):
                add_password(settings, access, endpoint)
                of_one = list(some)
                _need_inside(of_one, claims.top, pool, str(receipt))
                _knock(of_one[0].place, pool, access)
                for outcome in _outcomes(of_one, pool.get(endpoint), stop):
                    told.take(outcome)
    finally:
        stop.set()
        pool.close()
    told.summary()
    return 0 if told.all_fine else 1


def _read(receipt: Path, access: Access) -> Claims:
    name = str(receipt)
    try:
        content = receipt.read_bytes()
    except OSError as error:
        what = f"this receipt cannot be read ({error.strerror})"
        raise Denied(name, what, advice="Check its name and its owner.") from error
    claims = read_receipt(content, name, str(receipt.absolute().parent), access.sites)
    if not claims.files and not claims.without:
        raise BadReceipt(name, "no file is in it", advice="Check that it is the right one.")
    return claims


def _need_inside(claims: Sequence[Claim], top: Place | None, pool: ProviderPool, name: str) -> None:
    """Raise BadReceipt for a file outside of the tree that the receipt itself says it is of."""
    if top is None:
        return
    for claim in claims:
        place = claim.place
        provider = pool.get(place.endpoint)
        if place.endpoint != top.endpoint or not is_below(provider, place.path, top.path):
            what = f"it names a file outside of its own tree: {printable(show(place))}"
            raise BadReceipt(name, what, advice="Have it written anew.")


def _knock(place: Place, pool: ProviderPool, access: Access) -> None:
    """Have whoever is there ask what it asks, before several threads ask for files."""
    if place.endpoint == LOCAL:
        return

    def look() -> None:
        try:
            pool.get(place.endpoint).stat(place.path)
        except (Denied, NotFound):
            return

    asking(access, look)


def _outcomes(claims: Sequence[Claim], place: Provider, stop: threading.Event) -> Iterator[Outcome]:
    """In the order of the receipt; several files at once."""
    most = max(1, min(_AT_ONCE, place.caps.connections))
    waiting: deque[Future[Outcome]] = deque()
    with ThreadPoolExecutor(most, thread_name_prefix="verify") as threads:
        try:
            for claim in claims:
                waiting.append(threads.submit(_outcome, claim, place, stop))
                if len(waiting) > 2 * most:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:  # nobody waits for the rest: it is not begun, or cut
            stop.set()
            for future in waiting:
                future.cancel()
            place.close()
            raise


def _outcome(claim: Claim, place: Provider, stop: threading.Event) -> Outcome:
    """Tried again where the line was lost, or the server asked for patience."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return prove_anew(claim, place, stop.is_set)
        except (ConnectionLost, Throttled) as error:
            if attempt == _ATTEMPTS or stop.wait(_pause(error)):
                return failed(claim, error)
        except ProviderError as error:
            return failed(claim, error)
        except GivenUp:
            break
    return Outcome(claim, Found.UNREADABLE, "it was given up")


def _pause(error: ConnectionLost | Throttled) -> float:
    asked = error.retry_after if isinstance(error, Throttled) else None
    return min(asked or _WAIT_SECONDS, _LONGEST_WAIT)


class _Told:
    """A line for each file that is not as it was, and how many are."""

    def __init__(self, as_json: bool, without: int) -> None:
        self._as_json = as_json
        self._counts: Counter[Found] = Counter({Found.UNKNOWN: without})
        self._read = 0
        self._progress = ProgressLine()

    @property
    def all_fine(self) -> bool:
        """Nothing is wrong, and something was held against its digest or size."""
        return not any(self._counts[found] for found in WRONG) and bool(
            self._counts[Found.SAME] or self._counts[Found.SIZE_ONLY]
        )

    def take(self, outcome: Outcome) -> None:
        self._counts[outcome.found] += 1
        self._read += outcome.read
        if self._as_json:
            print(json.dumps(_described(outcome)), flush=True)
        elif outcome.found in WRONG:
            self._progress.clear()
            print(_line(outcome), file=sys.stderr, flush=True)
        done = self._counts.total()
        self._progress.show(f"{done:,} files verified, {fmt.size(self._read)}")

    def summary(self) -> None:
        self._progress.clear()
        counts = {str(found): self._counts[found] for found in _ORDER if self._counts[found]}
        if self._as_json:
            told = {"summary": True, "bytes": self._read, **counts}
            print(json.dumps(told), flush=True)
            return
        words = ", ".join(f"{count:,} {_SAID.get(name, name)}" for name, count in counts.items())
        print(f"{words or 'nothing to verify'} · {fmt.size(self._read)} digested")


_SAID = {
    Found.SAME.value: "with the same SHA-256",
    Found.SIZE_ONLY.value: "with the same size (no digest is known)",
    Found.UNKNOWN.value: "that nothing can be said of",
}


def _line(outcome: Outcome) -> str:
    why = f"  ({outcome.why})" if outcome.why else ""
    return f"{outcome.found:10} {printable(show(outcome.claim.place))}{why}"


def _described(outcome: Outcome) -> dict[str, object]:
    return {
        "target": show(outcome.claim.place),
        "found": outcome.found.value,
        "sha256": outcome.claim.sha256 or None,
        "size": outcome.claim.size,
        "why": outcome.why,
    }
