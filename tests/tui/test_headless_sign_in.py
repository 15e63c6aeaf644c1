"""Secrets that are asked for on the terminal: remembered only when a person says so."""

from __future__ import annotations

import getpass
import io
import sys
from pathlib import Path

import pytest

from providers.access import Access, Secrets
from providers.errors import AuthRequired
from providers.vault import FileVault, KeyringVault, NoVault, Vault
from tests.servers import keyrings
from tui.headless import sign_in

HOST = "sftp://ann@host:22"
SECRET = "canary-8c2e"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked for without an echo; the answer is SECRET."""
    questions: list[str] = []

    def answer(prompt: str, stream: object = None) -> str:
        questions.append(prompt)
        return SECRET

    monkeypatch.setattr(getpass, "getpass", answer)
    sign_in._say.cache_clear()
    return questions


def at_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> Terminal:
    """What is printed there while `typed` is typed."""
    printed = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stderr", printed)
    return printed


def access(vault: Vault) -> Access:
    return Access(Path("hosts"), secrets=Secrets(vault))


@pytest.mark.parametrize(
    ("typed", "kept"), [("\n", None), ("n\n", None), ("", None), ("y\n", SECRET)]
)
def test_a_secret_is_remembered_only_when_that_is_said(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed: str, kept: str | None
) -> None:
    printed = at_terminal(monkeypatch, typed)
    vault = FileVault(tmp_path / "secrets.json")
    given = access(vault)
    assert sign_in.answered(AuthRequired(HOST), given)
    assert asked == [f"password for {HOST}: "]
    assert given.secrets.get(HOST, "password") == SECRET
    assert vault.get(HOST, "password", "") == kept
    assert SECRET not in printed.getvalue()


@pytest.mark.parametrize("vault", [NoVault(), KeyringVault(keyrings.Locked())])
def test_where_nothing_can_be_kept_nothing_is_asked_about_it(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, vault: Vault
) -> None:
    printed = at_terminal(monkeypatch, "y\n")
    given = access(vault)
    for _ in range(2):
        given.secrets.get(HOST, "password")
        assert sign_in.answered(AuthRequired(HOST), given)
        given.secrets.forget(HOST, "password")
    said = printed.getvalue()
    assert "Remember" not in said
    assert said.count("the keyring is locked") == bool(vault.problem)  # once, and what to do


def test_the_whole_address_is_asked_for_where_its_secret_part_is_missing(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_terminal(monkeypatch, "")
    given = access(NoVault())
    error = AuthRequired("https://h", needs="query", subject="/f?~1a2b3c4d")
    assert sign_in.answered(error, given)
    assert asked == ["whole address for /f?~1a2b3c4d: "]
    assert given.secrets.get("https://h", "query", "/f?~1a2b3c4d") == SECRET
