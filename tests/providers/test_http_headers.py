"""What headers say, read strictly."""

from __future__ import annotations

import base64
import hashlib

import pytest

from providers.http.cookies import Cookies
from providers.web.headers import (
    BadHeader,
    ContentRange,
    content_length,
    content_range,
    digests_of,
    http_date,
    retry_after,
    strong_etag,
    version_of,
)
from providers.web.message import Headers
from tests.servers.scripted_http import DATE, LONG_AGO

DATA = b"12345"


def b64(algorithm: str) -> str:
    return base64.b64encode(hashlib.new(algorithm, DATA).digest()).decode()


def hexed(algorithm: str) -> str:
    return hashlib.new(algorithm, DATA).hexdigest()


def said(**values: str) -> Headers:
    return Headers((name.replace("_", "-"), value) for name, value in values.items())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("bytes 0-4/5", ContentRange(0, 4, 5)),
        ("BYTES 7-9/*", ContentRange(7, 9, None)),
        ("bytes */5", ContentRange(None, None, 5)),
    ],
)
def test_content_range_is_read(value: str | None, expected: ContentRange | None) -> None:
    assert content_range(value) == expected


@pytest.mark.parametrize(
    "value", ["", "0-4/5", "bytes 4-0/5", "bytes 0-5/5", "bytes -1-4/5", "bytes 0-4", "lines 0-4/5"]
)
def test_content_range_that_cannot_be_is_refused(value: str) -> None:
    with pytest.raises(BadHeader):
        content_range(value)


def test_lengths_have_to_agree() -> None:
    assert content_length([]) is None
    assert content_length(["5", "5, 5"]) == 5
    for bad in (["5", "6"], ["-5"], ["+5"], ["0x5"], [""], ["5 5"]):
        with pytest.raises(BadHeader):
            content_length(bad)


@pytest.mark.parametrize(
    ("value", "tag"),
    [('"a"', '"a"'), (' "a" ', '"a"'), ('W/"a"', None), ("a", None), ('""', None), ('"a"b"', None)],
)
def test_only_a_strong_tag_is_one(value: str, tag: str | None) -> None:
    assert strong_etag(value) == tag


def test_dates_are_read_or_nothing() -> None:
    assert http_date("Thu, 01 Jan 1970 00:01:40 GMT") == 100.0
    assert http_date("yesterday") is http_date(None) is http_date("Thu, 99 Jan 1970") is None


def test_time_to_wait_is_in_seconds_or_until_a_date() -> None:
    assert retry_after("120", 0.0) == 120.0
    assert retry_after("Thu, 01 Jan 1970 00:01:40 GMT", 40.0) == 60.0
    assert retry_after("Thu, 01 Jan 1970 00:01:40 GMT", 400.0) == 0.0
    assert retry_after("soon", 0.0) is retry_after(None, 0.0) is None


def test_version_is_a_tag_or_an_old_time_with_the_size() -> None:
    assert version_of(said(ETag='"a"'), None) == '"a"'
    assert version_of(said(Last_Modified=LONG_AGO, Date=DATE), 5) == "lm:1704067200:5"
    assert version_of(said(ETag='W/"a"', Last_Modified=LONG_AGO, Date=DATE), 5) is None
    assert version_of(said(Last_Modified=LONG_AGO, Date=DATE), None) is None
    assert version_of(said(Last_Modified=LONG_AGO), 5) is None
    assert version_of(said(Last_Modified=DATE, Date=DATE), 5) is None


def test_stated_digests_are_found_in_all_their_spellings() -> None:
    for headers in (
        said(Repr_Digest=f"md5=:{b64('md5')}:, sha-256=:{b64('sha256')}:;x=1"),
        said(Content_Digest=f"sha-256=:{b64('sha256')}:"),
        said(Digest=f"SHA-256={b64('sha256')}"),
        said(x_amz_checksum_sha256=b64("sha256")),
    ):
        assert digests_of(headers)["sha256"] == hexed("sha256")
    for headers in (
        said(Content_MD5=b64("md5")),
        said(x_goog_hash=f"crc32c=AAAAAA==, md5={b64('md5')}"),
        said(OC_Checksum=f"SHA1:{hexed('sha1')} MD5:{hexed('md5').upper()}"),
        said(Server="AmazonS3", ETag=f'"{hexed("md5")}"'),
    ):
        assert digests_of(headers)["md5"] == hexed("md5")


@pytest.mark.parametrize(
    "headers",
    [
        said(Repr_Digest=f"sha-256={b64('sha256')}"),
        said(Repr_Digest=f"sha-256=:{b64('md5')}:"),
        said(Repr_Digest="sha-256=:!!!:"),
        said(Content_MD5="short"),
        said(x_amz_checksum_sha256=b64("sha256"), x_amz_checksum_type="COMPOSITE"),
        said(x_amz_checksum_sha256=b64("sha256") + "-3"),
        said(x_goog_hash=f"md5={b64('md5')}", x_goog_stored_content_encoding="gzip"),
        said(Server="AmazonS3", ETag=f'"{hexed("md5")}-3"'),
        said(Server="AmazonS3", ETag=f'"{hexed("md5")}"', x_amz_server_side_encryption="aws:kms"),
        said(Server="nginx", ETag=f'"{hexed("md5")}"'),
    ],
)
def test_doubtful_digests_are_none(headers: Headers) -> None:
    assert digests_of(headers) == {}


def test_digest_of_a_part_is_not_that_of_the_file() -> None:
    part = said(Content_MD5=b64("md5"), Content_Digest=f"sha-256=:{b64('sha256')}:")
    assert digests_of(part, whole=False) == {}
    whole = said(Repr_Digest=f"sha-256=:{b64('sha256')}:")
    assert digests_of(whole, whole=False) == {"sha256": hexed("sha256")}


def test_headers_are_found_whatever_their_case() -> None:
    headers = Headers([("ETag", "a"), ("X", "1"), ("x", "2")])
    assert (headers["etag"], headers.get("X"), headers.all("X")) == ("a", "1, 2", ("1", "2"))
    assert "none" not in headers


def test_cookies_are_kept_by_path_and_time() -> None:
    now = [1000.0]
    jar = Cookies(lambda: now[0])
    jar.take(["a=1; Path=/", "b=2; Path=/dir; Max-Age=10", "c=3; Domain=other.example"], "/dir/x")
    assert jar.header("/dir/file") == "a=1; b=2; c=3"
    assert jar.header("/directory") == "a=1"
    now[0] = 1011.0
    assert jar.header("/dir/file?x=/") == "a=1; c=3"
    jar.take(["a=gone; Path=/; Max-Age=0", "novalue", "=x"], "/")
    assert jar.header("/") is None


@pytest.mark.parametrize("age", ["--5", "-", "5x", "٥", "²", "1_0", "+5", "nan", "9" * 400])
def test_cookie_whose_age_is_no_number_lasts_for_the_run(age: str) -> None:
    now = [1000.0]
    jar = Cookies(lambda: now[0])
    jar.take([f"a=1; Path=/; Max-Age={age}"], "/")
    now[0] += 10_000
    assert jar.header("/") == "a=1"


@pytest.mark.parametrize("line", ["a=\x01b", "a\x7f=b", "a=b\x00", "a=b\nc", "a\x1b[2J=b"])
def test_cookie_that_no_header_can_carry_is_left_out(line: str) -> None:
    jar = Cookies()
    jar.take([f"{line}; Path=/", "good=1; Path=/"], "/")
    assert jar.header("/") == "good=1"


def test_cookies_without_end_are_bounded() -> None:
    jar = Cookies()
    jar.take([f"n{number}=x; Path=/" for number in range(10_000)], "/")
    assert len(jar.header("/") or "") < 2000
