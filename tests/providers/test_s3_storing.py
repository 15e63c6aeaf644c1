"""What a site wishes of the objects it stores goes with everything that stores one."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import closing
from hashlib import md5
from pathlib import Path

import pytest

from providers.access import Access
from providers.errors import AuthRequired, Denied, InvalidName
from providers.s3.options import options_of
from providers.s3.provider import S3Provider, open_endpoint
from providers.s3.storing import customer_key, storing_of
from providers.web import redirects
from providers.web.redirects import Reach
from tests.servers.bucket_case import KEY, BucketCase, bucket_case, service
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.servers.sums_bucket import SumsBucket, Unfinished
from tests.servers.web_process import WebServer

CUSTOMER = base64.b64encode(bytes(range(32))).decode()
CUSTOMER_MD5 = base64.b64encode(md5(bytes(range(32))).digest()).decode()
ALGORITHM = "x-amz-server-side-encryption-customer-algorithm"
FROM = "x-amz-copy-source-server-side-encryption-customer-key"
WISHES = {
    "encryption": "aws:kms",
    "kms_key_id": "alias/files",
    "storage_class": "STANDARD_IA",
    "acl": "bucket-owner-full-control",
    "tags": "team=a b, cost/center=1+2",
    "metadata": "Colour=deep blue, n=1",
    "content_type": "text/x-own; charset=utf-8",
}
HEADERS = {
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "alias/files",
    "x-amz-storage-class": "STANDARD_IA",
    "x-amz-acl": "bucket-owner-full-control",
    "x-amz-tagging": "team=a%20b&cost%2Fcenter=1%2B2",
    "x-amz-meta-colour": "deep blue",
    "x-amz-meta-n": "1",
    "Content-Type": "text/x-own; charset=utf-8",
}


def test_wishes_are_headers() -> None:
    assert storing_of(WISHES).headers() == HEADERS
    assert storing_of({}).headers() == {} == storing_of({"content_type": "guess"}).headers()


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("encryption", "rot13", "must be one of"),
        ("kms_key_id", "abc", "aws:kms"),
        ("storage_class", "cold & old", "STANDARD_IA"),
        ("acl", "everybody", "must be one of"),
        ("tags", "team", "key=value"),
        ("tags", "=x", "key=value"),
        ("tags", "a=1, a=2", "twice"),
        ("tags", ", ".join(f"k{n}=v" for n in range(11)), "10 at the most"),
        ("tags", "a=" + "v" * 257, "256"),
        ("tags", "a=<b>", "letters, digits"),
        ("tags", "aws:x=b", "aws:"),
        ("metadata", "ünï=1", "not a name"),
        ("metadata", "wharfie=1", "taken"),
        ("metadata", "a=ü", "ASCII"),
        ("metadata", "a=1, A=2", "twice"),
        ("metadata", "a=" + "v" * 1900, "1,900 bytes"),
        ("content_type", "text", "text/plain"),
        ("content_type", "text/plain\r\nx: y", "text/plain"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(field: str, value: str, told: str) -> None:
    with pytest.raises(InvalidName, match=told) as caught:
        storing_of({field: value})
    assert caught.value.path == field


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("", True),
        ("https://host:9000", True),
        ("http://127.0.0.1:9000", True),
        ("http://localhost:9000", True),
        ("http://host:9000", False),
        ("http://localhost.evil.org:9000", False),
        ("http://evil.localhost:9000", False),
        ("http://10.0.0.1:9000", False),
    ],
)
def test_a_customers_key_never_goes_over_plain_http(url: str, fine: bool) -> None:
    values = {"encryption": "customer-key", "endpoint_url": url}
    if fine:
        assert options_of(values).storing.by_customer
        return
    with pytest.raises(InvalidName, match="would see the key") as caught:
        options_of(values)
    assert caught.value.path == "encryption"


@pytest.mark.parametrize("text", ["", "abc", "x" * 44, base64.b64encode(b"x" * 31).decode()])
def test_a_customers_key_has_32_bytes(text: str) -> None:
    assert customer_key(text) is None
    assert customer_key(f" {CUSTOMER}\n") == bytes(range(32))


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with service("moto", tmp_path_factory.mktemp("moto")) as server:
        if server is None:
            pytest.skip("moto is not installed")
        yield server


@pytest.fixture
def bucket(moto: WebServer, tmp_path: Path) -> Iterator[BucketCase]:
    with bucket_case("moto", moto, tmp_path, **WISHES) as case:
        yield case


@pytest.mark.parametrize("size", [7, 100], ids=["one request", "in parts"])
@pytest.mark.parametrize("copied", [False, True])
def test_a_real_service_keeps_what_was_wished(bucket: BucketCase, size: int, copied: bool) -> None:
    data, part_size = b"x" * size, 10
    bucket.store("a", data, Content_Type="text/html", x_amz_meta_own="kept")
    upload = bucket.place.begin(bucket.at("b"), size, key=KEY, part_size=part_size)
    if copied:
        receipts = bucket.place.copy_into(upload, bucket.at("a"), version=None)
    else:
        receipts = [bucket.place.put_part(upload, 0, 0, [data])]
    bucket.place.finish(upload, receipts, replacing=None)
    told = bucket.headers("b")
    kept = {name: told.get(name) for name in HEADERS if name not in {"x-amz-acl", "x-amz-tagging"}}
    kept["x-amz-server-side-encryption-aws-kms-key-id"] = told[
        "x-amz-server-side-encryption-aws-kms-key-id"
    ].replace("arn:aws:kms:us-east-1:123456789012:", "")
    expected = {name: HEADERS[name] for name in kept}
    assert kept == expected
    assert told.get("x-amz-meta-own") == ("kept" if copied else None)
    assert told.get("x-amz-tagging-count") == "2"


class Sealed:
    """A service of objects that are encrypted with a customer's key; "/b/plain" is not."""

    def __init__(self) -> None:
        self.marks: dict[str, str] = {}
        self.without: list[str] = []

    def __call__(self, ask: Ask, wire: Wire) -> None:
        if ask.method == "GET" and ask.target.startswith("/b?"):
            wire.say(answer(200, b"<ListBucketResult/>"))
            return
        given = ask.headers.get("x-amz-server-side-encryption-customer-key")
        if given is None:
            self.without.append(f"{ask.method} {ask.target}")
        else:
            assert given == CUSTOMER
            assert ask.headers["x-amz-server-side-encryption-customer-key-md5"] == CUSTOMER_MD5
        if (given is None) != (ask.target == "/b/plain"):
            wire.say(answer(400, b"<Error><Code>InvalidRequest</Code></Error>"))
            return
        wire.say(self._answer(ask))

    def _answer(self, ask: Ask) -> bytes:
        said = {} if ask.target == "/b/plain" else {ALGORITHM: "AES256"}
        if ask.method == "PUT":
            self.marks[ask.target] = ask.headers.get("x-amz-meta-wharfie", "")
            if "x-amz-copy-source" in ask.headers:
                assert (FROM in ask.headers) == (ask.headers["x-amz-copy-source"] != "/b/plain")
                return answer(200, b'<CopyObjectResult><ETag>"1"</ETag></CopyObjectResult>')
            return answer(200, b"", {"ETag": '"1"'})
        if ask.method == "GET":
            return answer(200, b"abc", {"ETag": '"1"', **said})
        if ask.target in {"/b/plain", "/b/a", *self.marks}:
            said["x-amz-meta-wharfie"] = self.marks.get(ask.target, "")
            return answer(200, b"", {"ETag": '"1"', "Content-Length": "3", **said})
        return answer(404)


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[tuple[Sealed, S3Provider, Access]]:
    service = Sealed()
    with ScriptedHttp(service) as server:
        endpoint, access = access_to(server, tmp_path, encryption="customer-key")
        access.secrets.put(endpoint, "encryption", CUSTOMER)
        with closing(open_endpoint(endpoint, access)) as place:
            yield service, place, access


def test_a_customers_key_goes_with_every_request_about_bytes(
    sealed: tuple[Sealed, S3Provider, Access],
) -> None:
    service, place, _ = sealed
    upload = place.begin("/b/new", 3, key=KEY, part_size=8 << 20)
    assert place.finish(upload, [place.put_part(upload, 0, 0, [b"abc"])], replacing=None).size == 3
    with place.read("/b/a") as reader:
        assert b"".join(map(bytes, reader.chunks())) == b"abc"
    upload = place.begin("/b/copy", 3, key=KEY, part_size=8 << 20)
    receipts = place.copy_into(upload, "/b/a", version='"1"')
    assert place.finish(upload, receipts, replacing=None).size == 3
    assert service.without == []


class SealedParts(SumsBucket):
    """Wants the key for whatever is asked of an upload but its end, as Amazon does."""

    def _of_an_upload(self, ask: Ask, upload: Unfinished, query: Mapping[str, str]) -> bytes:
        if ask.method != "DELETE":
            assert ask.headers["x-amz-server-side-encryption-customer-key"] == CUSTOMER
        return super()._of_an_upload(ask, upload, query)


def test_a_customers_key_goes_with_lists_of_parts(tmp_path: Path) -> None:
    with ScriptedHttp(SealedParts()) as server:
        site = {"checksums": "always", "encryption": "customer-key"}
        endpoint, access = access_to(server, tmp_path, **site)
        access.secrets.put(endpoint, "encryption", CUSTOMER)
        with closing(open_endpoint(endpoint, access)) as place:
            upload = place.begin("/b/k", 20, key=KEY, part_size=10)
            receipt = place.put_part(upload, 0, 0, [b"0123456789"])
            assert place.parts(upload) == {0: receipt}


def test_what_is_stored_without_a_key_is_read_without(
    sealed: tuple[Sealed, S3Provider, Access],
) -> None:
    service, place, _ = sealed
    assert place.stat("/b/plain").size == 3
    with place.read("/b/plain") as reader:
        assert b"".join(map(bytes, reader.chunks())) == b"abc"
    upload = place.begin("/b/copy", 3, key=KEY, part_size=8 << 20)
    receipts = place.copy_into(upload, "/b/plain", version='"1"')
    assert place.finish(upload, receipts, replacing=None).size == 3
    assert {*service.without} == {"HEAD /b/plain", "GET /b/plain"}


@pytest.mark.parametrize("way", ["the site's", "the environment's", "another computer"])
def test_a_customers_key_goes_straight_to_this_computer_or_not_at_all(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedHttp(Sealed()) as server:
        proxy = server.base if way == "the site's" else "environment"
        if way == "the environment's":
            monkeypatch.setattr("urllib.request.getproxies", lambda: {"http": server.base})
            monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: False)
        values = {"encryption": "customer-key", "proxy": proxy}
        endpoint, access = access_to(server.base, tmp_path, **values)
        access.secrets.put(endpoint, "encryption", CUSTOMER)
        with closing(open_endpoint(endpoint, access)) as place:
            if way == "another computer":
                monkeypatch.setattr(redirects, "reach_of", lambda address: Reach.PRIVATE)
            with pytest.raises(Denied, match="would see the encryption key") as caught:
                place.stat("/b/a")
        assert CUSTOMER not in str(caught.value)
        assert server.asks == []


@pytest.mark.parametrize(("given", "rejected"), [(None, False), ("no key", True)])
def test_a_missing_or_impossible_key_is_asked_for(
    given: str | None, rejected: bool, tmp_path: Path
) -> None:
    with ScriptedHttp(Sealed()) as server:
        endpoint, access = access_to(server, tmp_path, encryption="customer-key")
        if given is not None:
            access.secrets.put(endpoint, "encryption", given)
        with (
            closing(open_endpoint(endpoint, access)) as place,
            pytest.raises(AuthRequired, match="44 characters") as caught,
        ):
            place.stat("/b/a")
        assert (caught.value.needs, caught.value.rejected) == ("encryption", rejected)
        assert given is None or given not in str(caught.value)
        assert server.asks == []


def test_what_is_archived_says_in_which_class(tmp_path: Path) -> None:
    said = "<Code>InvalidObjectState</Code><StorageClass>DEEP_ARCHIVE</StorageClass>"
    page = answer(403, f"<Error>{said}</Error>".encode())
    with (
        ScriptedHttp(lambda ask, wire: wire.say(page)) as server,
        closing(open_endpoint(*access_to(server, tmp_path))) as place,
        pytest.raises(Denied, match=r"archived \(DEEP_ARCHIVE\) and has to be restored"),
        place.read("/b/a"),
    ):
        pass
