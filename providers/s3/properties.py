"""What a service says of an object or a bucket, named for people.

What nobody may see is said so; what is not set, or what a service does not know, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from providers.base import Buffer
from providers.errors import Denied, NotFound, Unsupported
from providers.extras import Property
from providers.s3 import documents, keys, look
from providers.s3.faults import problem
from providers.s3.session import Answer, Session
from providers.web.xml import BadXml

NOT_ALLOWED = "not allowed to see"

_HEADERS = {
    "Last-Modified": "Stored",
    "x-amz-version-id": "Version",
    "ETag": "ETag",
    "x-amz-storage-class": "Storage class",
    "x-amz-archive-status": "Archive",
    "x-amz-restore": "Restore",
    "x-amz-server-side-encryption": "Encrypted with",
    "x-amz-server-side-encryption-aws-kms-key-id": "Encryption key",
    "x-amz-server-side-encryption-customer-algorithm": "Encrypted with a key of one's own",
    "x-amz-object-lock-mode": "Retention",
    "x-amz-object-lock-retain-until-date": "Retention until",
    "x-amz-object-lock-legal-hold": "Legal hold",
    "x-amz-replication-status": "Replication",
    "x-amz-expiration": "Removed by a rule",
    "Content-Type": "Content type",
    "Cache-Control": "Cache-Control",
    "Content-Disposition": "Content-Disposition",
    "Content-Encoding": "Content-Encoding",
    "Content-Language": "Content-Language",
    "Expires": "Expires",
    "x-amz-website-redirect-location": "Leads to",
    "x-amz-missing-meta": "Metadata that cannot be shown",
}
_CHECKSUM = "x-amz-checksum-"
_KIND_OF_SUM = "x-amz-checksum-type"
_KEPT = "x-amz-meta-"
_PRIVATE = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")

_Facts = Sequence[tuple[str, str]]


def properties(session: Session, path: str) -> Sequence[Property]:
    """As `Describer.properties`. A folder is what keys begin with: nothing is said of it."""
    bucket, key, _ = keys.exact(path)
    if bucket and not key:
        return _of_bucket(session, path, bucket)
    headers = None if keys.is_folder(path) else look.headers_of(session, path)
    if headers is not None:
        return [*_of_object(headers), *_tags(session, path)]
    look.look(session, path)
    return ()


def _of_object(headers: Mapping[str, str]) -> Iterator[Property]:
    for header, name in _HEADERS.items():
        if header in headers:
            yield Property(name, headers[header])
    kind = headers.get(_KIND_OF_SUM, "").replace("_", " ").lower()
    for header in sorted(headers):
        name = header.lower()
        if name.startswith(_CHECKSUM) and name != _KIND_OF_SUM:
            which = name.removeprefix(_CHECKSUM)
            yield Property(f"Checksum ({which}{kind and ', '}{kind})", headers[header])
        elif name.startswith(_KEPT):
            yield Property(name, headers[header])


def _tags(session: Session, path: str) -> list[Property]:
    bucket, key, revision = keys.exact(path)
    query = {"tagging": "", **revision}
    with session.send("GET", bucket, key, path=path, query=query) as answer:
        tags = _told(answer, path, documents.tags)
    if tags is None:
        return [Property("Tags", NOT_ALLOWED)]
    return [Property(f"Tag {name}", value) for name, value in tags]


def _of_bucket(session: Session, path: str, bucket: str) -> list[Property]:
    with session.send("HEAD", bucket, path=path) as answer:
        if answer.status == 404:
            raise NotFound(path, "there is no such bucket", advice="Check its name.")
        region = answer.headers.get("x-amz-bucket-region", "")
    found = [Property("Region", region)] if region else []
    for asked, name, roots, reading in _OF_BUCKETS:
        with session.send("GET", bucket, path=path, query={asked: ""}) as answer:
            facts = _told(answer, path, partial(documents.facts, roots=roots))
        value = NOT_ALLOWED if facts is None else reading(facts)
        found += [Property(name, value)] if value else []
    return found


def _told(
    answer: Answer, path: str, reading: Callable[[Iterable[Buffer]], _Facts]
) -> _Facts | None:
    """What an answer says; nothing where nothing is set, or the service does not know what was
    asked and says something else. None: it may not be seen. Raises ConnectionLost."""
    if answer.status == 200:
        try:
            return reading(answer.document())
        except BadXml:
            return ()
    if answer.status in {401, 403}:
        return None
    if answer.fault.code == "NoSuchPublicAccessBlockConfiguration":
        return [(each, "false") for each in _PRIVATE]
    error = problem(answer, path, "telling of it")
    if isinstance(error, (Denied, NotFound, Unsupported)):
        return ()
    raise error


def _versioning(facts: _Facts) -> str:
    return dict(facts).get("Status", "")


def _encryption(facts: _Facts) -> str:
    said = dict(facts)
    return " ".join(filter(None, (said.get("SSEAlgorithm"), said.get("KMSMasterKeyID"))))


def _rules(facts: _Facts) -> str:
    """Each rule has a status."""
    count = sum(name == "Status" for name, _ in facts)
    return f"{count} rule{'' if count == 1 else 's'}" if count else ""


def _lock(facts: _Facts) -> str:
    said = dict(facts)
    mode = said.get("Mode", "")
    unit = next((each for each in ("Days", "Years") if said.get(each)), "")
    usual = f"{mode} for {said[unit]} {unit.lower()}" if unit else mode
    return ", ".join(filter(None, (said.get("ObjectLockEnabled"), usual)))


def _public(facts: _Facts) -> str:
    said = dict(facts)
    open_ways = [each for each in _PRIVATE if said.get(each) != "true"]
    if not said or not open_ways:
        return "blocked" if said else ""
    return "not blocked" if len(open_ways) == len(_PRIVATE) else f"without {', '.join(open_ways)}"


# What is asked of a bucket: the query, a name, what the document may be called, what it means.
_OF_BUCKETS: tuple[tuple[str, str, tuple[str, ...], Callable[[_Facts], str]], ...] = (
    (
        "versioning",
        "Versioning",
        ("VersioningConfiguration", "GetBucketVersioningResponse"),  # the second is moto's
        _versioning,
    ),
    ("encryption", "Encrypted with", ("ServerSideEncryptionConfiguration",), _encryption),
    ("lifecycle", "Lifecycle", ("LifecycleConfiguration",), _rules),
    ("object-lock", "Object lock", ("ObjectLockConfiguration",), _lock),
    ("publicAccessBlock", "Public access", ("PublicAccessBlockConfiguration",), _public),
)
