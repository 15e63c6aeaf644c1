"""One service's requests: where a bucket is, signatures, and answers that have been looked at.

Not over boto3: its body handling is what makes it slow, it reports success on what it did not check
(faults.md 0, finding 7), and none of its calls can be ended from outside.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from types import MappingProxyType

from providers.access import Access
from providers.base import Buffer, InMemory
from providers.errors import AuthRequired, ConnectionLost, Denied, Unsupported
from providers.records import replace
from providers.s3 import documents, faults, keys, storing
from providers.s3.checksums import CRC64, WEAKER, Sums
from providers.s3.documents import Fault
from providers.s3.options import Options
from providers.s3.place import Where
from providers.s3.question import Question
from providers.s3.signing import Signer, presigned, signed
from providers.text import printable
from providers.web.calls import Call, Calls
from providers.web.connection import Connection
from providers.web.exchange import SAFE, Asked, Exchange, carry_out
from providers.web.message import Broken
from providers.web.patience import USUAL, Patience
from providers.web.pool import Pool, wants_sign_in
from providers.web.redirects import Reach, Url
from providers.web.response import Response, lost

_NOTHING: Mapping[str, str] = MappingProxyType({})
_FAULT_BYTES = 256 << 10
_NO_CONDITIONS = 501
_ELSEWHERE = frozenset({301, 307, 400})
"""Answers that may only mean that the bucket is in another region."""


class Answer:
    """An answer whose body has not been read. `length`: of the body, None when it is not said."""

    def __init__(
        self, response: Response, patience: Patience, ask_why: Callable[[], Fault] | None
    ) -> None:
        self.status = response.status
        self.headers = response.headers
        self.length = response.length
        self.proven = response.proven
        self.endpoint = response.endpoint
        self._response = response
        self._patience = patience
        self._ask_why = ask_why

    def chunks(self) -> Iterator[memoryview]:
        """The body, in views of one buffer. Raises ConnectionLost when less came than announced."""
        return self._response.chunks()

    def fill(self, memory: memoryview) -> int:
        """As `chunks`, straight to where the bytes are wanted; 0 at the end."""
        return self._response.fill(memory)

    def document(self) -> Iterator[memoryview]:
        """The body, which is no object: it is not waited for when it comes too slowly."""
        self._response.hurry()
        return self._response.chunks(64 << 10)

    def storing(self) -> Iterator[memoryview]:
        """As `document`, where the service says white space until it has done what was asked."""
        self._response.within(self._patience.storing)
        return self._response.chunks(64 << 10)

    @cached_property
    def fault(self) -> Fault:
        """What a refusal says of itself. An answer to HEAD has no body: something is asked again
        that may be refused for the same reason."""
        if self._ask_why is not None:
            return self._ask_why()
        return documents.fault([self._response.text(_FAULT_BYTES)])


class Session:
    """Thread-safe; one for each provider."""

    def __init__(
        self, endpoint: str, options: Options, access: Access, *, patience: Patience = USUAL
    ) -> None:
        self.endpoint = endpoint
        self.options = options
        self.sums: Sums = CRC64 if options.sums else ""  # go along with what is stored
        self.conditional = True  # conditions on what is written are sent along
        self.copies = True  # it makes copies of its own objects, as far as is known
        self.seen_to_copy = False  # and has said so of one
        self.copies_parts = True  # and of parts of them
        self.together = True  # it removes many objects with one request
        self.certain = not options.endpoint_url  # and are known to be heeded
        self._access = access
        self._patience = patience
        self.calls = Calls(endpoint)
        self._signer = Signer(endpoint, options, access)
        self._lock = threading.Lock()
        self._regions: dict[str, str] = {}  # of buckets that are not where others are
        self._pools: dict[str, Pool] = {}  # by origin
        self._closed = False

    @contextmanager
    def send(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        *,
        path: str,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        body: Buffer | InMemory | None = None,
    ) -> Iterator[Answer]:
        """Ask, and give the answer for the length of the block; `path` is what errors are about.

        Raises Unreachable, ConnectionLost, AuthRequired, Throttled, Denied; every other status is
        returned.
        """
        asked = Question(method, bucket, key, path, query, headers, body)
        with self.calls.call() as call:
            region = self._regions.get(bucket) or self._signer.region(call)
            exchange: Exchange | None
            exchange, answer = self._asked(call, asked, region)
            try:
                there = self._elsewhere(answer, asked, region)
                if there is not None:
                    self._pool_of(exchange.url).done(exchange, call)
                    exchange = None  # should the next line raise: its connection is no longer ours
                    exchange, answer = self._asked(call, asked, there)
                    self._need_here(answer, asked)
                    self._regions[bucket] = there
                if answer.status == 400 and self._may_be_plain(asked):
                    self._pool_of(exchange.url).done(exchange, call)
                    exchange = None
                    asked.sealed_by_customer = False
                    exchange, answer = self._asked(call, asked, self._regions.get(bucket) or region)
                self._judge(call, answer, asked)
                yield answer
            finally:
                if exchange is not None:
                    self._pool_of(exchange.url).done(exchange, call)

    def presigned(self, path: str, seconds: int) -> tuple[str, float, bool] | None:
        """An address that reads the object or revision at `path` without keys, the Unix second in
        which it ends at the latest, and whether it may end sooner, with temporary keys whose end
        nobody tells; None where there are no keys to sign it with."""
        bucket, key, query = keys.exact(path)
        with self.calls.call() as call:
            known = self._signer.keys(call)
            if known is None:
                return None
            region = self._regions.get(bucket) or self._signer.region(call)
        asked = Question("GET", bucket, key, path, query, _NOTHING, None)
        url = Where.of(self.options, bucket, region).url(key, asked.query_text())
        until = float(int(time.time()) + seconds)
        if known.until is not None:
            until = min(until, known.until)
        sooner = known.token is not None and known.until is None
        return presigned(f"{url.origin}{url.target}", known, region, seconds), until, sooner

    def region(self) -> str:
        """Where buckets are looked for first. Raises Denied, ConnectionLost."""
        with self.calls.call() as call:
            return self._signer.region(call)

    @property
    def requests(self) -> int:
        """How many went out so far."""
        with self._lock:
            return sum(pool.requests for pool in self._pools.values())

    def interrupt(self, thread: int) -> None:
        """End what `thread` has under way here: its call raises ConnectionLost. Never waits."""
        self.calls.interrupt(thread)

    def gives_name(self) -> AbstractContextManager[None]:
        """For the length of the block a new object gets its name: `interrupt` leaves that alone."""
        return self.calls.gives_name()

    def gives_up_conditions(self, answer: Answer) -> bool:
        """Whether `answer` says that this service knows no conditions: none go along from then on.

        Amazon's are all that protects what stands there, and are never left out.
        """
        if self.certain or answer.status != _NO_CONDITIONS:
            return False
        self.conditional = False
        return True

    def gives_up_sums(self, sums: Sums) -> None:
        """What was done without `sums`, and not with them, is done with weaker ones from then on.
        Only once it was done: services call other things invalid requests as well."""
        if sums and self.sums == sums:
            self.sums = WEAKER[sums]

    def customer_key(self, *, source: bool = False) -> dict[str, str]:
        """The headers that hand over the site's own key; none where it has none. `source`: of what
        is copied. Raises AuthRequired."""
        if not self.options.storing.by_customer:
            return {}
        given = self._access.secrets.get(self.endpoint, "encryption")
        key = None if given is None else storing.customer_key(given)
        if key is not None:
            return storing.sealing(key, source=source)
        what = "the key that objects are encrypted with is needed"
        if given is not None:
            self._access.secrets.forget(self.endpoint, "encryption")
            what = "what was given is no encryption key"
        advice = "It is 32 bytes in base64: 44 characters."
        raise AuthRequired(
            self.endpoint, what, needs="encryption", rejected=given is not None, advice=advice
        )

    def close(self) -> None:
        """Calls under way end with ConnectionLost."""
        self.calls.close()
        with self._lock:
            self._closed = True
            pools = [*self._pools.values()]
        for pool in pools:
            pool.close()

    # Where, and what of the answer -----------------------------------------------------------

    def _elsewhere(self, answer: Answer, asked: Question, region: str) -> str | None:
        """The region that the bucket is in, where the answer says that it is another one.

        An address that the service redirects to is never followed: nobody but the service that
        the site names gets to see a signature.
        """
        if answer.status not in _ELSEWHERE or not asked.bucket:
            return None
        there = answer.headers.get("x-amz-bucket-region", "") or answer.fault.region
        if there and there != region and keys.quoted(there) == there and "/" not in there:
            return there
        self._need_here(answer, asked)
        return None

    def _may_be_plain(self, asked: Question) -> bool:
        """Whether it may be refused for our key, as what is stored without one is."""
        sealed = asked.sealed_by_customer and self.options.storing.by_customer
        return sealed and asked.method in {"GET", "HEAD"} and asked.is_about_bytes

    def _need_here(self, answer: Answer, asked: Question) -> None:
        if answer.status not in {301, 302, 307, 308}:
            return
        where = printable(answer.headers.get("Location", "").partition("?")[0])
        raise Unsupported(
            asked.path,
            f"the service says that this is elsewhere{where and ': '}{where}",
            advice="Set the site's region or address; what is signed is not sent to others.",
        )

    def _judge(self, call: Call, answer: Answer, asked: Question) -> None:
        """Raise what no caller needs to tell apart."""
        if answer.status in {200, 206}:
            asked.need_revision(answer.headers)
        if answer.status in {200, 204, 206, 404, 412, 416}:
            return
        code = answer.fault.code
        told = faults.problem(answer, asked.path, "a request of ours")
        if code in faults.REFUSED_KEYS | faults.EXPIRED:
            known = self._signer.keys(call)
            raise self._signer.refuse(known, token=code in faults.EXPIRED) or told
        if code in faults.NO_USE_TO_ASK or answer.status in {429, 503}:
            raise told

    # One request -----------------------------------------------------------------------------

    def _asked(self, call: Call, asked: Question, region: str) -> tuple[Exchange, Answer]:
        where = Where.of(self.options, asked.bucket, region)
        url = where.url(asked.key, asked.query_text())
        known = self._signer.keys(call)
        headers = {"Host": url.authority} | dict(asked.headers)
        if asked.sealed_by_customer and asked.is_about_bytes:
            headers |= self.customer_key()
        sealed = asked.sealed(url)
        if known is not None:
            target = f"{url.origin}{url.target}"
            headers = signed(asked.method, target, headers, sealed, known, region)
        headers |= {"User-Agent": "wharfie", "Accept-Encoding": "identity"}
        request = asked.request()
        exchange = self._carried_out(call, url, request, headers)
        response = Response(exchange, url, asked.path, self.endpoint, call)
        if response.status == 407:
            self._pool_of(url).done(exchange, call)
            raise wants_sign_in(exchange.connection.proxy)
        return exchange, Answer(response, self._patience, self._why(call, asked, region))

    def _why(self, call: Call, asked: Question, region: str) -> Callable[[], Fault] | None:
        if asked.method != "HEAD" or not asked.bucket:
            return None

        def ask() -> Fault:
            query = {"list-type": "2", "max-keys": "0"}
            again = Question("GET", asked.bucket, "", asked.path, query, _NOTHING, None)
            exchange, answer = self._asked(call, again, region)
            try:
                told = answer.fault if answer.status >= 300 else Fault()
                there = answer.headers.get("x-amz-bucket-region", "")
                return replace(told, region=told.region or there)
            finally:
                self._pool_of(exchange.url).done(exchange, call)

        return ask

    def _carried_out(
        self, call: Call, url: Url, asked: Asked, headers: Mapping[str, str]
    ) -> Exchange:
        pool, fresh = self._pool_of(url), False
        while True:
            connection = pool.take(url, call, sent_from=None, path=asked.path, fresh=fresh)
            proxy = connection.proxy
            if proxy is not None and proxy.authorization is not None:
                headers = {**headers, "Proxy-Authorization": proxy.authorization}
            try:
                _need_private(connection, url, asked.path, headers)
                return carry_out(connection, url, asked, headers, self._patience)
            except (OSError, Broken) as error:
                connection.close()
                call.check()
                stale = connection.uses > 1 and not connection.answered
                if not stale or asked.method not in SAFE or isinstance(error, TimeoutError):
                    raise lost(error, asked.path) from error
                fresh = True  # closed by the server while nobody looked (RFC 9112, 9.3.1)
            except ValueError as error:
                connection.close()
                what = "this has characters that no request can have"
                raise Denied(asked.path, what, advice="Look at the keys and the site.") from error
            except BaseException:
                connection.close()
                raise

    def _pool_of(self, url: Url) -> Pool:
        with self._lock:
            if url.origin not in self._pools:
                if self._closed:
                    raise ConnectionLost(self.endpoint, "the connection was closed", advice="")
                self._pools[url.origin] = Pool(
                    self.endpoint, url.origin, self.options, self._access, self._patience
                )
            return self._pools[url.origin]


def _need_private(connection: Connection, url: Url, path: str, headers: Mapping[str, str]) -> None:
    """Raise Denied before a customer's key goes over plain http to anywhere but this computer."""
    straight = connection.proxy is None and connection.reach is Reach.LOOPBACK
    if url.scheme == "http" and not straight and storing.hands_over_key(headers):
        what = "over plain http everybody on the way would see the encryption key"
        advice = "Use https; for a service on this computer set the site's proxy to “none”."
        raise Denied(path, what, advice=advice)
