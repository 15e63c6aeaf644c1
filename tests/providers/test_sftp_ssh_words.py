"""How ssh is called, what it asks and what it says: as OpenSSH 8.7 to 10 have it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from providers.access import Access
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    Denied,
    HostKeyChanged,
    HostKeyRevoked,
    ProviderError,
    Unreachable,
    Unsupported,
)
from providers.sftp.openssh.command import arguments
from providers.sftp.openssh.last_words import HostKeyNotKnown, explain
from providers.sftp.openssh.prompts import Prompt, parse
from providers.sftp.patience import USUAL
from providers.sftp.target import target


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("Enter passphrase for key '/h/a b': ", Prompt("passphrase", subject="/h/a b")),
        ("ann@h.example's password: ", Prompt("password", "ann@h.example")),
        ("(ann@h) Password: ", Prompt("question", "ann@h", "Password:")),
        (
            "(ann@h) Enter passphrase for key '/h/key': ",
            Prompt("question", "ann@h", "Enter passphrase for key '/h/key':"),
        ),
        ("(ann@h) bob@h's password: ", Prompt("question", "ann@h", "bob@h's password:")),
        ("(ann@h) \x1b[2J", Prompt("question", "ann@h", "\\x1b[2J")),
        (
            "Enter PIN for ED25519-SK key /h/sk: ",
            Prompt("pin", subject="Enter PIN for ED25519-SK key /h/sk:"),
        ),
        (
            "The authenticity of host 'h (127.0.0.1)' can't be established.\nED25519 key …",
            Prompt("host key", subject="h (127.0.0.1)"),
        ),
        ("Something new: ", Prompt("unknown", subject="Something new:")),
    ],
)
def test_a_prompt_tells_whose_secret_it_is_about(text: str, prompt: Prompt) -> None:
    assert parse(text) == prompt


@pytest.mark.parametrize(
    ("said", "kind", "what"),
    [
        ("ssh: Could not resolve hostname h: Name or service not known", Unreachable, "called so"),
        ("ssh: connect to host h port 22: No route to host", Unreachable, "No route to host"),
        ("Connection timed out during banner exchange", Unreachable, "banner exchange"),
        ("kex_exchange_identification: Connection closed by remote host", Unreachable, "closed"),
        ("stdio forwarding failed\nConnection closed by UNKNOWN port 65535", Unreachable, "stdio"),
        ("banner\nann@h: Permission denied (publickey).", AuthRequired, "no key at hand"),
        ("Received disconnect: 2: Too many authentication failures", AuthRequired, "Too many"),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", HostKeyChanged, "is not the one"),
        ("Host key h is marked as revoked.", HostKeyRevoked, "revoked"),
        ("Host key verification failed.", HostKeyNotKnown, "does not know"),
        ("subsystem request failed on channel 0", Denied, "no SFTP"),
        (
            "Unable to negotiate with h port 22: no matching host key type found. Their offer: x",
            Unsupported,
            "no matching host key type",
        ),
        ("command-line: line 0: Bad configuration option: knownhostscommand", Unsupported, "old"),
        ("/h/.ssh/config: line 3: Bad configuration option: x", Unsupported, "line 3"),
        ("ssh_askpass: exec(/t/askpass): Permission denied", Unsupported, "may not start"),
        ("Hello.\nsomething \x1b[31mnew", ConnectionLost, "“something \\x1b[31mnew”"),
        ("", ConnectionLost, "did not say why"),
    ],
)
def test_last_words_become_one_sentence(said: str, kind: type[ProviderError], what: str) -> None:
    error = explain(said, "sftp://ann@h:22")
    assert type(error) is kind
    assert what in error.what
    assert error.path == "sftp://ann@h:22"
    assert str(error).isprintable()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "key"


def called(to: str, tmp_path: Path, **more: object) -> list[str]:
    access = Access(tmp_path / "known_hosts", **more)  # type: ignore[arg-type]
    return arguments(target(to), target(to), access, USUAL, "/ask me")


@pytest.mark.skipif(shutil.which("ssh") is None, reason="openssh-client is not installed")
def test_the_host_stands_behind_the_dashes_and_a_named_key_is_the_only_one(
    tmp_path: Path, key: Path
) -> None:
    words = called("sftp://ann@h.example:2222", tmp_path, keys=(key,))
    assert words[words.index("--") :] == ["--", "h.example", "sftp"]
    assert words[words.index("-l") : words.index("--")] == ["-l", "ann"]
    assert {"IdentitiesOnly=yes", "StrictHostKeyChecking=yes", "ForwardAgent=no"} < set(words)
    assert f'IdentityFile="{key}"' in words and words[words.index("-p") + 1] == "2222"
    free = called("sftp://h.example:22", tmp_path)
    assert not {"IdentitiesOnly=yes", "-l", "-p"} & set(free)
