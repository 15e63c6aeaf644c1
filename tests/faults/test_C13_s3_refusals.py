"""C13: an invalid request may be anything: checksums are given up only where that helped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from providers.errors import Denied
from providers.s3.provider import S3Provider, open_endpoint
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import Ask, ScriptedHttp, answer
from tests.servers.sums_bucket import SumsBucket, Unfinished

DATA = bytes(range(256)) * 4
REFUSAL = answer(400, b"<Error><Code>InvalidRequest</Code></Error>")


class Refusing(SumsBucket):
    """Calls so many parts an invalid request, whatever goes along with them."""

    left = 0

    def _of_an_upload(self, ask: Ask, upload: Unfinished, query: Mapping[str, str]) -> bytes:
        if ask.method == "PUT" and ask.body == DATA and self.left:
            self.left -= 1
            return REFUSAL
        return super()._of_an_upload(ask, upload, query)


class RefusingLast(SumsBucket):
    """Takes checksums with parts, and none when they are put together."""

    def _of_an_upload(self, ask: Ask, upload: Unfinished, query: Mapping[str, str]) -> bytes:
        if ask.method == "POST":
            if "x-amz-checksum-type" in ask.headers or b"Checksum" in ask.body:
                return REFUSAL
            upload.algorithm = ""
        return super()._of_an_upload(ask, upload, query)


@contextmanager
def opened(bucket: SumsBucket, directory: Path) -> Iterator[S3Provider]:
    with (
        ScriptedHttp(bucket) as server,
        closing(open_endpoint(*access_to(server, directory, checksums="always"))) as place,
    ):
        yield place


def stored(place: S3Provider) -> int | None:
    upload = place.begin("/b/k", len(DATA), key="0badcafe", part_size=len(DATA) - 1)
    receipt = place.put_part(upload, 0, 0, [DATA])
    return place.finish(upload, [receipt], replacing=None).size


def test_C13_a_part_that_is_refused_once_weakens_nothing(tmp_path: Path) -> None:
    bucket = Refusing()
    bucket.left = 1
    with opened(bucket, tmp_path) as place:
        assert stored(place) == len(DATA)
        assert (place.caps.states, place.caps.unstated) == (("crc64nvme",), "")


def test_C13_a_part_that_is_refused_without_checksums_too_is_not_refused_for_them(
    tmp_path: Path,
) -> None:
    bucket = Refusing()
    bucket.left = 1000
    with opened(bucket, tmp_path) as place:
        with pytest.raises(Denied, match="InvalidRequest"):
            stored(place)
        assert place.caps.states == ("crc64nvme",)


def test_C13_checksums_that_are_refused_last_of_all_do_not_keep_the_object_from_its_name(
    tmp_path: Path,
) -> None:
    bucket = RefusingLast()
    with opened(bucket, tmp_path) as place:
        assert stored(place) == len(DATA)
        assert place.caps.unstated == "this service takes checksums of parts only"
    assert bucket.objects["/b/k"].data == DATA
