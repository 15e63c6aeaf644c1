"""One service's session: who gets which answer, and where it asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from providers.errors import AuthRequired, ConnectionLost
from providers.s3.provider import S3Provider, open_endpoint
from providers.s3.signing import Keys
from providers.web.calls import Call
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import Ask, Script, ScriptedHttp, Wire, answer

ELSEWHERE = b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-9</Region></Error>"


@contextmanager
def service(script: Script, tmp_path: Path) -> Iterator[tuple[S3Provider, ScriptedHttp]]:
    with ScriptedHttp(script) as server, closing(open_endpoint(*access_to(server, tmp_path))) as it:
        yield it, server


def get(place: S3Provider, path: str) -> bytes:
    with place.read(path) as reader:
        return b"".join(bytes(chunk) for chunk in reader.chunks())


def test_after_a_bucket_was_elsewhere_and_its_keys_missing_each_gets_its_own_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both objects are asked for before either is answered."""
    both = threading.Barrier(2, timeout=30)

    def script(ask: Ask, wire: Wire) -> None:
        if ask.target == "/far/k":
            wire.say(answer(400, ELSEWHERE))
            return
        both.wait()
        wire.say(answer(200, ask.target.encode(), {"ETag": '"same"'}))

    with service(script, tmp_path) as (place, server):
        signer = place._session._signer
        given, known = iter([True, False]), signer.keys

        def keys(call: Call) -> Keys | None:
            if next(given, True):
                return known(call)
            raise AuthRequired(server.base, "the secret key is needed")

        monkeypatch.setattr(signer, "keys", keys)
        with pytest.raises(AuthRequired):
            get(place, "/far/k")
        with ThreadPoolExecutor(2) as threads:
            got = [*threads.map(lambda path: get(place, path), ["/b/a", "/b/b"])]
    assert got == [b"/b/a", b"/b/b"]


def test_after_a_bucket_was_elsewhere_and_hung_up_the_place_goes_on(tmp_path: Path) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if ask.target != "/far/k":
            wire.say(answer(200, b"abc", {"ETag": '"one"'}))
        elif "eu-west-9" in ask.headers["authorization"]:
            wire.hang_up()
        else:
            wire.say(answer(400, ELSEWHERE))

    with service(script, tmp_path) as (place, _):
        with pytest.raises(ConnectionLost):
            get(place, "/far/k")
        assert get(place, "/b/k") == b"abc"


def test_a_key_that_is_no_text_is_asked_for_as_it_was_listed(tmp_path: Path) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if "list-type" in ask.target:
            found = b"<Contents><Key>caf%E9/x</Key></Contents><EncodingType>url</EncodingType>"
            gone = any(each.method == "DELETE" for each in server.asks)
            listed = b"" if gone else found
            wire.say(answer(200, b"<ListBucketResult>%s</ListBucketResult>" % listed))
        else:
            wire.say(answer(200, b"" if ask.method == "DELETE" else b"abc", {"ETag": '"one"'}))

    with service(script, tmp_path) as (place, server):
        folder = place.stat("/b/caf\udce9/")
        (page,) = place.list_dir(folder.path)
        assert [entry.path for entry in page] == ["/b/caf\udce9/x"]
        assert get(place, page[0].path) == b"abc"
        assert list(place.remove_tree(folder.path)) == [None]
        asked = [ask.target for ask in server.asks]
    assert {target for target in asked if "?" not in target} == {"/b/caf%E9/x"}
    assert all("prefix=caf%E9%2F" in target for target in asked if "?" in target)
