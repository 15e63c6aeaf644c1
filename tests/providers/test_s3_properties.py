"""What a service says of objects and buckets, named for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.errors import ConnectionLost, Denied, NotFound, Unsupported
from providers.extras import Describer, Property
from providers.s3 import keys
from providers.s3.properties import NOT_ALLOWED
from tests.faults.test_C12_C14_s3_lies import error, service
from tests.servers.s3_bucket import SERVICES, S3Bucket, bucket_of
from tests.servers.scripted_http import Ask, answer

HEAD = {"ETag": '"one"', "Content-Length": "3"}


@pytest.fixture(scope="module", params=SERVICES)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[S3Bucket]:
    find, start = SERVICES[request.param]
    if find() is None:
        pytest.skip(f"{request.param} is not installed")
    directory = tmp_path_factory.mktemp(request.param)
    with start(directory) as server, bucket_of(request.param, server, directory) as bucket:
        yield bucket


def _of(bucket: S3Bucket, path: str) -> dict[str, str]:
    return {each.name: each.value for each in bucket.place.properties(path)}


# Services ----------------------------------------------------------------------------------------


def test_what_is_kept_with_an_object_is_told(served: S3Bucket) -> None:
    served.ask(
        "PUT",
        "k",
        b"x" * 1000,
        headers={"Content-Type": "text/x-canary", "x-amz-meta-colour": "red"},
    )
    told = _of(served, served.path("k"))
    assert told["Content type"] == "text/x-canary"
    assert told["x-amz-meta-colour"] == "red"
    assert told["ETag"].startswith('"') and told["Stored"].endswith("GMT")
    assert isinstance(served.place, Describer)


def test_what_a_service_does_not_know_of_is_left_out(served: S3Bucket) -> None:
    served.ask("PUT", "plain", b"<Tagging>")
    assert not [name for name in _of(served, served.path("plain")) if name.startswith("Tag")]
    assert NOT_ALLOWED not in _of(served, f"/{served.name}").values()


def test_of_a_folder_nothing_is_said_and_what_is_missing_is_missing(served: S3Bucket) -> None:
    served.ask("PUT", "d/k", b"x")
    assert _of(served, served.path("d")) == {} == _of(served, "/")
    for path in (served.path("missing"), "/no-such-bucket-here", "/no-such-bucket-here/k"):
        with pytest.raises(NotFound):
            served.place.properties(path)


@pytest.fixture
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Bucket]:
    find, start = SERVICES["moto"]
    if find() is None:
        pytest.skip("moto is not installed")
    directory = tmp_path_factory.mktemp("moto")
    with start(directory) as server, bucket_of("moto", server, directory) as bucket:
        yield bucket


def test_tags_and_version_of_an_object_and_of_what_it_was(moto: S3Bucket) -> None:
    moto.keep_versions()
    for tags in ("team=a%20b&x=1", "team=c"):
        moto.ask("PUT", "k", tags.encode(), headers={"x-amz-tagging": tags})
    ((new, old),) = [*moto.place.revisions(moto.path("k"))]
    assert _of(moto, moto.path("k"))["Tag team"] == "c"
    told = _of(moto, old.entry.path)
    assert (told["Tag team"], told["Tag x"]) == ("a b", "1")
    assert told["Version"] == keys.exact(old.entry.path)[2]["versionId"]
    moto.place.delete(moto.path("k"))
    with pytest.raises(NotFound):
        moto.place.properties(moto.path("k"))
    assert _of(moto, new.entry.path)["Tag team"] == "c"


def test_how_a_bucket_is_set_up(moto: S3Bucket) -> None:
    path = f"/{moto.name}"
    assert _of(moto, path) == {"Region": "us-east-1", "Public access": "not blocked"}
    moto.keep_versions()
    rule = (
        b"<Rule><ID>%d</ID><Filter><Prefix/></Filter><Status>Enabled</Status>"
        b"<Expiration><Days>1</Days></Expiration></Rule>"
    )
    rules = b"".join(rule % number for number in range(2))
    block = "".join(
        f"<{name}>{'false' if name == 'BlockPublicPolicy' else 'true'}</{name}>"
        for name in (
            "BlockPublicAcls",
            "IgnorePublicAcls",
            "BlockPublicPolicy",
            "RestrictPublicBuckets",
        )
    )
    for query, body in {
        "lifecycle": b"<LifecycleConfiguration>%b</LifecycleConfiguration>" % rules,
        "encryption": b"<ServerSideEncryptionConfiguration><Rule>"
        b"<ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>"
        b"<KMSMasterKeyID>key-1</KMSMasterKeyID></ApplyServerSideEncryptionByDefault>"
        b"</Rule></ServerSideEncryptionConfiguration>",
        "object-lock": b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
        b"<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>30</Days></DefaultRetention></Rule>"
        b"</ObjectLockConfiguration>",
        "publicAccessBlock": f"<PublicAccessBlockConfiguration>{block}"
        "</PublicAccessBlockConfiguration>".encode(),
    }.items():
        moto.ask("PUT", body=body, query={query: ""})
    assert _of(moto, path) == {
        "Region": "us-east-1",
        "Versioning": "Enabled",
        "Encrypted with": "aws:kms key-1",
        "Lifecycle": "2 rules",
        "Object lock": "Enabled, GOVERNANCE for 30 days",
        "Public access": "without BlockPublicPolicy",
    }


# What Amazon says, and what may not be seen ------------------------------------------------------

AMAZON = {
    "x-amz-storage-class": "GLACIER",
    "x-amz-restore": 'ongoing-request="true"',
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:key",
    "x-amz-object-lock-mode": "COMPLIANCE",
    "x-amz-object-lock-retain-until-date": "2030-01-01T00:00:00.000Z",
    "x-amz-object-lock-legal-hold": "ON",
    "x-amz-replication-status": "PENDING",
    "x-amz-checksum-crc64nvme": "OOJZ0D8xKts=",
    "x-amz-checksum-type": "FULL_OBJECT",
    "Cache-Control": "no-store",
    "X-Amz-Meta-Odd": "\x1b]0;title\x07",
}


def test_all_that_amazon_says_has_a_name(tmp_path: Path) -> None:
    said = HEAD | {k: v for k, v in AMAZON.items() if k != "X-Amz-Meta-Odd"}

    def says(ask: Ask) -> bytes:
        return answer(200, headers=said) if ask.method == "HEAD" else error(404, "NoSuchTagSet")

    with service(says, tmp_path) as (place, _):
        told = [(each.name, each.value) for each in place.properties("/b/k")]
    assert told == [
        ("ETag", '"one"'),
        ("Storage class", "GLACIER"),
        ("Restore", 'ongoing-request="true"'),
        ("Encrypted with", "aws:kms"),
        ("Encryption key", "arn:aws:kms:key"),
        ("Retention", "COMPLIANCE"),
        ("Retention until", "2030-01-01T00:00:00.000Z"),
        ("Legal hold", "ON"),
        ("Replication", "PENDING"),
        ("Cache-Control", "no-store"),
        ("Checksum (crc64nvme, full object)", "OOJZ0D8xKts="),
    ]


def test_what_may_not_be_seen_is_said(tmp_path: Path) -> None:
    def says(ask: Ask) -> bytes:
        if ask.method == "HEAD":
            return answer(200, headers=HEAD | {"x-amz-bucket-region": "eu-north-1"})
        return error(403, "AccessDenied")

    with service(says, tmp_path) as (place, _):
        assert Property("Tags", NOT_ALLOWED) in place.properties("/b/k")
        told = place.properties("/b")
    assert told[0] == Property("Region", "eu-north-1")
    assert len(told) == 6 and {each.value for each in told[1:]} == {NOT_ALLOWED}


@pytest.mark.parametrize(
    "lie",
    [
        answer(200, b"the object itself"),
        answer(200, b"<ListBucketResult/>"),
        answer(200, b"<!DOCTYPE x [<!ENTITY y 'z'>]><Tagging/>"),
        answer(200, b"<Tagging>" + b"<Tag>" * 100),
        error(400, "InvalidArgument"),
        error(501, "NotImplemented"),
    ],
)
def test_an_answer_that_is_none_tells_nothing(lie: bytes, tmp_path: Path) -> None:
    def says(ask: Ask) -> bytes:
        return answer(200, headers=HEAD) if ask.method == "HEAD" else lie

    with service(says, tmp_path) as (place, _):
        assert place.properties("/b/k") == [Property("ETag", '"one"')]
        assert place.properties("/b") == []


def test_a_service_that_is_busy_is_not_taken_for_one_that_has_nothing_to_say(
    tmp_path: Path,
) -> None:
    def says(ask: Ask) -> bytes:
        return answer(200, headers=HEAD) if ask.method == "HEAD" else error(500, "InternalError")

    with service(says, tmp_path) as (place, _):
        for path in ("/b/k", "/b"):
            with pytest.raises(ConnectionLost):
                place.properties(path)


def test_an_object_that_may_not_be_seen_is_denied(tmp_path: Path) -> None:
    with (
        service(lambda ask: error(403, "AccessDenied"), tmp_path) as (place, _),
        pytest.raises(Denied),
    ):
        place.properties("/b/k")


def test_what_is_said_of_another_version_is_not_told(tmp_path: Path) -> None:
    def says(ask: Ask) -> bytes:
        return answer(200, headers=HEAD | {"x-amz-version-id": "now"})

    with service(says, tmp_path) as (place, _), pytest.raises(Unsupported):
        place.properties(keys.revision("/b/k", "old"))
