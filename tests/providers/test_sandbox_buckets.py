"""The sandbox's service of buckets: who may come in, and that what is sent along is heeded.

The contract suite holds it as well ("s3-sandbox"). Here boto3 asks, which is nobody's we wrote.
"""

from __future__ import annotations

import hashlib
import random
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from providers.errors import AuthRequired, SourceChanged
from providers.registry import open_provider
from providers.s3 import pending
from providers.s3.provider import S3Provider
from providers.sandbox.signature import UNSIGNED, Asked, BadSignature, check
from tests.servers.s3_servers import access_to

if TYPE_CHECKING:
    from providers.sandbox.start import Sandbox

PART = 5 << 20
DATA = random.Random(3).randbytes(PART + 4711)


def _client(sandbox: Sandbox, *, key_id: str = "", secret: str = "") -> Any:
    return boto3.client(
        "s3",
        endpoint_url=sandbox.s3_url,
        region_name="us-east-1",
        aws_access_key_id=key_id or sandbox.s3_key_id,
        aws_secret_access_key=secret or sandbox.s3_secret,
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )


def _signing_v4(sandbox: Sandbox) -> Any:
    """boto3 signs addresses the old way where nobody says otherwise."""
    return boto3.client(
        "s3",
        endpoint_url=sandbox.s3_url,
        region_name="us-east-1",
        aws_access_key_id=sandbox.s3_key_id,
        aws_secret_access_key=sandbox.s3_secret,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Any]:
    with closing(_client(sandbox)) as made:
        yield made


@pytest.fixture
def bucket(client: Any) -> str:
    name = f"b-{uuid4().hex}"
    client.create_bucket(Bucket=name)
    return name


def _code(ask: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        ask()
    told: str = caught.value.response["Error"]["Code"]
    return told


# Who may come in -------------------------------------------------------------------------------


def test_another_secret_or_key_is_refused(sandbox: Sandbox) -> None:
    with closing(_client(sandbox, secret="wrong")) as one:
        assert _code(one.list_buckets) == "SignatureDoesNotMatch"
    with closing(_client(sandbox, key_id="WRONG")) as other:
        assert _code(other.list_buckets) == "InvalidAccessKeyId"


def test_who_does_not_sign_gets_nothing(sandbox: Sandbox) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(HTTPError) as caught:
        opener.open(f"{sandbox.s3_url}/harbour/welcome.txt")
    with caught.value as answer:
        assert answer.code == 403
        assert b"<Code>AccessDenied</Code>" in answer.read()


def test_an_address_that_was_signed_for_others_is_read_by_them(sandbox: Sandbox) -> None:
    which = {"Bucket": "harbour", "Key": "pictures/Hafen bei Nacht – 夜.jpg"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def status(url: str) -> int:
        try:
            with opener.open(url) as answer:
                assert len(answer.read()) == 2_310_144
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code

    with closing(_signing_v4(sandbox)) as signing:
        url = signing.generate_presigned_url("get_object", Params=which, ExpiresIn=60)
    assert status(url) == 200
    assert status(url.replace("X-Amz-Expires=60", "X-Amz-Expires=600")) == 403
    assert status(url.replace("/pictures/", "/picture/")) == 403
    parts = urlsplit(url)
    asked = Asked("GET", parts.path, parts.query, {"host": parts.netloc})
    keys = (sandbox.s3_key_id, sandbox.s3_secret)
    assert check(asked, *keys, time.time()) == UNSIGNED
    with pytest.raises(BadSignature, match="is over"):
        check(asked, *keys, time.time() + 62)
    with pytest.raises(BadSignature, match="not for that"):
        check(replace(asked, method="DELETE"), *keys, time.time())


def test_a_wrong_secret_is_asked_for_again(sandbox: Sandbox, tmp_path: Path) -> None:
    keys = {"access_key_id": sandbox.s3_key_id, "secret": "wrong"}
    endpoint, access = access_to(sandbox.s3_url, tmp_path, **keys)
    with closing(open_provider(endpoint, access)) as place, pytest.raises(AuthRequired):
        place.stat("/harbour")


# Example of AWS's documentation, "GET Object", whose keys are public.
EXAMPLE = Asked(
    "GET",
    "/test.txt",
    "",
    {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-amz-date": "20130524T000000Z",
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
        "aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    },
)
_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
_THEN = 1_369_353_600.0  # 2013-05-24


def _checked(asked: Asked, now: float = _THEN) -> str:
    try:
        check(asked, "AKIAIOSFODNN7EXAMPLE", _SECRET, now)
    except BadSignature as bad:
        return bad.code
    return ""


def test_the_signature_of_amazons_example_is_right_and_no_other() -> None:
    assert _checked(EXAMPLE) == ""
    assert _checked(EXAMPLE, _THEN + 16 * 60) == "RequestTimeTooSkewed"
    for changed in (
        {"range": "bytes=0-8"},
        {"x-amz-content-sha256": "0" * 64},
        {"host": "examplebucket.s3.example.com"},
    ):
        asked = Asked("GET", "/test.txt", "", {**EXAMPLE.headers, **changed})
        assert _checked(asked) == "SignatureDoesNotMatch", changed
    for method, path, query in (
        ("PUT", "/test.txt", ""),
        ("GET", "/tesu.txt", ""),
        ("GET", "/test.txt", "acl="),
    ):
        asked = Asked(method, path, query, EXAMPLE.headers)
        assert _checked(asked) == "SignatureDoesNotMatch", (method, path, query)
    unsigned = Asked("GET", "/test.txt", "", {**EXAMPLE.headers, "x-amz-copy-source": "/a/b"})
    assert _checked(unsigned) == "AccessDenied"


# What is kept ----------------------------------------------------------------------------------


def test_the_samples_are_in_a_bucket(client: Any) -> None:
    told = client.list_objects_v2(Bucket="harbour", Delimiter="/")
    assert [each["Key"] for each in told["Contents"]] == ["welcome.txt"]
    folders = [each["Prefix"] for each in told["CommonPrefixes"]]
    assert folders == ["archive/", "empty folder/", "pictures/", "sensors/"]
    assert "mtime" in client.head_object(Bucket="harbour", Key="welcome.txt")["Metadata"]


def test_an_object_comes_back_as_it_was_and_in_ranges(client: Any, bucket: str) -> None:
    put = client.put_object(
        Bucket=bucket, Key="a/ü +%", Body=DATA, ContentType="text/x", Metadata={"own": "kept"}
    )
    assert put["ETag"] == f'"{hashlib.md5(DATA).hexdigest()}"'
    told = client.get_object(Bucket=bucket, Key="a/ü +%")
    assert told["Body"].read() == DATA
    assert (told["ContentType"], told["Metadata"]) == ("text/x", {"own": "kept"})
    part = client.get_object(Bucket=bucket, Key="a/ü +%", Range="bytes=5-9", IfMatch=put["ETag"])
    assert part["Body"].read() == DATA[5:10]
    assert part["ContentRange"] == f"bytes 5-9/{len(DATA)}"

    def get(**how: str) -> Callable[[], object]:
        return lambda: client.get_object(Bucket=bucket, Key="a/ü +%", **how)

    assert _code(get(IfMatch='"other"')) == "PreconditionFailed"
    assert _code(get(Range=f"bytes={len(DATA)}-")) == "InvalidRange"
    assert _code(lambda: client.get_object(Bucket=bucket, Key="a")) == "NoSuchKey"
    assert _code(lambda: client.get_object(Bucket="no-such", Key="a")) == "NoSuchBucket"


def test_nothing_is_replaced_under_a_condition_that_does_not_hold(client: Any, bucket: str) -> None:
    def put(body: bytes, **how: str) -> Any:
        return client.put_object(Bucket=bucket, Key="a", Body=body, **how)

    assert _code(lambda: put(b"new", IfMatch='"none"')) == "NoSuchKey"
    old = put(b"old", IfNoneMatch="*")
    assert _code(lambda: put(b"new", IfNoneMatch="*")) == "PreconditionFailed"
    assert _code(lambda: put(b"new", IfMatch='"other"')) == "PreconditionFailed"
    assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == b"old"
    put(b"new", IfMatch=old["ETag"])
    assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == b"new"


def test_a_checksum_that_is_not_of_the_body_is_refused_and_a_right_one_told(
    client: Any, bucket: str
) -> None:
    wrong = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

    def put(key: str, **how: str) -> Any:
        return client.put_object(Bucket=bucket, Key=key, Body=b"abc", **how)

    assert _code(lambda: put("a", ChecksumSHA256=wrong)) == "BadDigest"
    assert _code(lambda: put("a", ChecksumCRC32="AAAAAA==")) == "BadDigest"
    assert _code(lambda: put("a", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")) == "BadDigest"
    assert _code(lambda: put("a", ChecksumSHA1="2jmj7l5rSw0yVb/vlWAYkK/YBwk=")) == "InvalidRequest"
    assert "Contents" not in client.list_objects_v2(Bucket=bucket)
    right = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
    put("a", ChecksumSHA256=right)
    assert client.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")["ChecksumSHA256"] == (
        right
    )


def test_what_it_does_not_know_is_refused(client: Any, bucket: str) -> None:
    assert _code(lambda: client.get_bucket_acl(Bucket=bucket)) == "NotImplemented"
    assert _code(lambda: client.list_object_versions(Bucket=bucket)) == "NotImplemented"
    assert _code(lambda: client.list_objects(Bucket=bucket)) == "NotImplemented"


@pytest.mark.parametrize("page", [1, 2, 3, 1000])
def test_lists_come_in_pages_and_folders_once(client: Any, bucket: str, page: int) -> None:
    for key in ("a", "b/", "b/1", "b/2/3", "b!", "c/1", "d\x07&<", "ü"):
        client.put_object(Bucket=bucket, Key=key, Body=b"")

    def listed(**how: str) -> tuple[list[str], list[str]]:
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, PaginationConfig={"PageSize": page}, EncodingType="url", **how
        )
        keys, folders = [], []
        for told in pages:
            keys += [each["Key"] for each in told.get("Contents", ())]
            folders += [each["Prefix"] for each in told.get("CommonPrefixes", ())]
        return keys, folders

    assert listed(Delimiter="/") == (["a", "b%21", "d%07%26%3C", "%C3%BC"], ["b/", "c/"])
    assert listed(Delimiter="/", Prefix="b/") == (["b/", "b/1"], ["b/2/"])
    assert len(listed()[0]) == 8
    assert listed(StartAfter="c/1") == (["d%07%26%3C", "%C3%BC"], [])


def test_several_objects_are_deleted_at_once(client: Any, bucket: str) -> None:
    for key in ("a", "b", "c"):
        client.put_object(Bucket=bucket, Key=key, Body=b"x")
    wanted = [{"Key": key} for key in ("a", "c", "never was")]
    told = client.delete_objects(Bucket=bucket, Delete={"Objects": wanted})
    assert [each["Key"] for each in told["Deleted"]] == ["a", "c", "never was"]
    assert [each["Key"] for each in client.list_objects_v2(Bucket=bucket)["Contents"]] == ["b"]
    assert _code(lambda: client.delete_bucket(Bucket=bucket)) == "BucketNotEmpty"


# Parts -----------------------------------------------------------------------------------------


def test_parts_make_one_object_and_nothing_else_does(client: Any, bucket: str) -> None:
    which = {"Bucket": bucket, "Key": "file"}
    begun = client.create_multipart_upload(**which, Metadata={"own": "kept"})
    upload = {**which, "UploadId": begun["UploadId"]}
    pieces = [DATA[:PART], DATA[PART:]]
    tags = [
        client.upload_part(**upload, PartNumber=number, Body=piece)["ETag"]
        for number, piece in enumerate(pieces, 1)
    ]
    assert [each["Size"] for each in client.list_parts(**upload)["Parts"]] == [PART, 4711]
    assert len(client.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 1
    assert "Contents" not in client.list_objects_v2(Bucket=bucket)

    def complete(*numbered: tuple[int, str], **how: str) -> Any:
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in numbered]
        return client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **how)

    one, two = (1, tags[0]), (2, tags[1])
    assert _code(lambda: complete(one, (2, '"other"'))) == "InvalidPart"
    assert _code(lambda: complete(two, one)) == "InvalidPartOrder"
    client.upload_part(**upload, PartNumber=3, Body=b"x")
    small = (3, f'"{hashlib.md5(b"x").hexdigest()}"')
    assert _code(lambda: complete(one, two, small)) == "EntityTooSmall"
    client.put_object(**which, Body=b"somebody else's")
    assert _code(lambda: complete(one, two, IfNoneMatch="*")) == "PreconditionFailed"
    made = complete(one, two)
    sums = b"".join(hashlib.md5(piece).digest() for piece in pieces)
    assert made["ETag"] == f'"{hashlib.md5(sums).hexdigest()}-2"'
    told = client.get_object(**which)
    assert (told["Body"].read(), told["Metadata"]) == (DATA, {"own": "kept"})
    assert _code(lambda: complete(one, two)) == "NoSuchUpload"


def test_an_aborted_upload_is_gone(client: Any, bucket: str) -> None:
    which = {"Bucket": bucket, "Key": "file"}
    upload = {**which, "UploadId": client.create_multipart_upload(**which)["UploadId"]}
    client.upload_part(**upload, PartNumber=1, Body=b"x")
    client.abort_multipart_upload(**upload)
    assert _code(lambda: client.list_parts(**upload)) == "NoSuchUpload"
    assert _code(lambda: client.upload_part(**upload, PartNumber=2, Body=b"x")) == "NoSuchUpload"
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)


def test_unfinished_uploads_and_parts_are_listed_in_pages(client: Any, bucket: str) -> None:
    for key in ("a", "b", "b", "c"):
        begun = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    for number in range(1, 6):
        client.upload_part(Bucket=bucket, Key="c", UploadId=begun, PartNumber=number, Body=b"x")
    asked = {"Bucket": bucket, "PaginationConfig": {"PageSize": 2}}
    uploads = [*client.get_paginator("list_multipart_uploads").paginate(**asked)]
    assert [each["Key"] for told in uploads for each in told["Uploads"]] == ["a", "b", "b", "c"]
    parts = [*client.get_paginator("list_parts").paginate(**asked, Key="c", UploadId=begun)]
    assert [each["PartNumber"] for told in parts for each in told["Parts"]] == [1, 2, 3, 4, 5]


def test_copies_are_made_of_what_was_meant(client: Any, bucket: str) -> None:
    put = client.put_object(Bucket=bucket, Key="ä +", Body=DATA, Metadata={"own": "kept"})
    source = {"Bucket": bucket, "Key": "ä +"}
    client.copy_object(Bucket=bucket, Key="copy", CopySource=source, CopySourceIfMatch=put["ETag"])
    told = client.get_object(Bucket=bucket, Key="copy")
    assert (told["Body"].read(), told["Metadata"]) == (DATA, {"own": "kept"})
    begun = client.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    upload = {"Bucket": bucket, "Key": "parts", "UploadId": begun}
    part = client.upload_part_copy(
        **upload, PartNumber=1, CopySource=source, CopySourceRange="bytes=7-99"
    )["CopyPartResult"]
    client.complete_multipart_upload(
        **upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    )
    assert client.get_object(Bucket=bucket, Key="parts")["Body"].read() == DATA[7:100]

    def copy(**how: str) -> Callable[[], object]:
        return lambda: client.copy_object(Bucket=bucket, Key="other", CopySource=source, **how)

    assert _code(copy(CopySourceIfMatch='"other"')) == "PreconditionFailed"
    assert _code(copy(CopySourceIfNoneMatch='"other"')) == "NotImplemented"


# Our own client --------------------------------------------------------------------------------


def test_an_upload_in_parts_is_gone_on_with_after_a_restart(
    sandbox: Sandbox, bucket: str, tmp_path: Path
) -> None:
    keys = {"access_key_id": sandbox.s3_key_id, "secret": sandbox.s3_secret}
    endpoint, access = access_to(sandbox.s3_url, tmp_path, **keys)
    data, path = random.Random(9).randbytes(2 * PART + 1), f"/{bucket}/file"

    def opened() -> S3Provider:
        place = open_provider(endpoint, access)
        assert isinstance(place, S3Provider)
        return place

    def put(place: S3Provider, number: int) -> str:
        piece = data[number * PART : (number + 1) * PART]
        return place.put_part(upload, number, number * PART, [piece])

    with closing(opened()) as one:
        upload = one.begin(path, len(data), key="0badcafe", part_size=PART)
        first = put(one, 0)
    with closing(opened()) as place:
        assert place.parts(upload) == {0: first}
        entry = place.finish(upload, [first, put(place, 1), put(place, 2)], replacing=None)
        with place.read(path, version=entry.version) as reader:
            assert b"".join(map(bytes, reader.chunks())) == data
        with pytest.raises(SourceChanged), place.read(path, version='"other"'):
            pass
        place.begin(path, len(data), key="0badcafe", part_size=PART)
        place.abandon(path, key="0badcafe")
        assert not [*pending._pending(place._session, path)]
