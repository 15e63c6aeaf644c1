"""F5 in buckets: the settings' keys, taken and refused, by the queue and by the shell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.access import Access
from tests.faults.canaries import World, loud_world, shown
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.tui.cli_runner import wharfie
from tests.tui.hosts import stop_host
from tests.tui.test_host_process import host_pid
from tui.headless.attach import attach

CONTENT = b"content" * 1000
TAG = {"ETag": '"one"', "Content-Length": str(len(CONTENT))}


@pytest.fixture
def world(
    isolated_home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    with loud_world(isolated_home, tmp_path_factory.mktemp("loud"), monkeypatch) as made:
        yield made


def test_F5_aws_keys_sign_and_stand_nowhere_else(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lets_in = True

    def script(ask: Ask, wire: Wire) -> None:
        if "authorization" not in ask.headers:  # the doctor asks what time it is
            return wire.say(answer(403))
        assert ask.headers["x-amz-security-token"] == "canary-token"
        if lets_in:
            return wire.say(answer(200, b"" if ask.method == "HEAD" else CONTENT, TAG))
        refusal = b"<Error><Code>SignatureDoesNotMatch</Code></Error>"
        return wire.say(answer(403, b"" if ask.method == "HEAD" else refusal))

    target = tmp_path / "target"
    env_file = world.home.config / ".env"
    with ScriptedHttp(script) as server:
        with env_file.open("a") as file:
            file.write(
                f"AWS_ACCESS_KEY_ID=AKWHARFIE\nAWS_SESSION_TOKEN=canary-token\n"
                f"AWS_ENDPOINT_URL={server.base}\n"
            )
        with closing(attach(world.home, Access(world.home.known_hosts))):
            taken = wharfie("copy", "s3://b/k", target, "--json")
            assert world.leaks(shown(host_pid(world.home))) == []
        assert taken.code == 0, taken.err
        assert target.read_bytes() == CONTENT
        stop_host()
        lets_in = False
        printed = [taken.out, taken.err]
        for command in (("copy", "s3://b/k", str(target)), ("doctor", "s3://b/k")):
            refused = wharfie(*command)
            assert refused.code == 1 and "the keys were refused" in refused.out + refused.err
            printed += [refused.out, refused.err]
    assert world.leaks(*printed) == []
    assert b"loud" in world.log.read_bytes()
