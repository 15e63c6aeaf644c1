"""~/.ssh/config is read as ssh_config(5) has it, and nothing in it is run."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

from providers.access import Access
from providers.errors import Denied, ProviderError, Unsupported
from providers.sftp.config_file import lookup, matches, words
from providers.sftp.options import Options, options_for
from providers.sftp.target import configured, target


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config"


def said(config: Path, text: str, host: str = "box", **more: object) -> Options:
    config.write_text(text)
    given = {"port": None, "user": ""} | more
    return options_for(config, host, **given)  # type: ignore[arg-type]


def refused(config: Path, text: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        said(config, text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b", ("a", "b")),
        ('"a b" c', ("a b", "c")),
        ("'a b' c", ("a b", "c")),
        ("a # no more", ("a",)),
        ("a#b", ("a#b",)),
        (r'"a \"b\""', ('a "b"',)),
        (r"a\ b", ("a b",)),
        (r"C:\Users\ann", (r"C:\Users\ann",)),
    ],
)
def test_a_line_falls_into_words_as_in_ssh(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("patterns", "host", "matched"),
    [
        (["*"], "box", True),
        (["b?x"], "box", True),
        (["BOX"], "box", True),
        (["*", "!box"], "box", False),
        (["!box", "*"], "other", True),
        (["!box"], "other", False),
        (["[box]"], "b", False),
        (["10.0.*"], "10.0.3.4", True),
    ],
)
def test_patterns_match_as_in_ssh(patterns: list[str], host: str, matched: bool) -> None:
    assert matches(patterns, host) is matched


def test_the_first_value_counts_and_keys_add_up(config: Path) -> None:
    found = said(
        config,
        "Port 2222\nHost box\n  Port 99\n  IdentityFile /one\nHost *\n  User ann\n"
        "  IdentityFile=/two\nHost other\n  User bob\n",
    )
    assert (found.port, found.user) == (2222, "ann")
    assert found.identities == (Path("/one"), Path("/two"))


def test_a_negated_pattern_takes_its_host_out(config: Path) -> None:
    text = "Host *.lan !old.lan\n  Compression yes\n"
    assert said(config, text, "new.lan").compression
    assert not said(config, text, "old.lan").compression


def test_other_files_are_included_where_their_line_stands(config: Path, tmp_path: Path) -> None:
    (tmp_path / "more.d").mkdir()
    (tmp_path / "more.d" / "1").write_text("Host box\n  Port 11\nHost other\n  Port 22\n")
    (tmp_path / "more.d" / "2").write_text("Port 33\nUser ann\n")
    found = said(config, "Include more.d/* missing\nPort 44\nUser bob\n")
    assert (found.port, found.user) == (11, "ann")


def test_a_file_included_for_another_host_says_nothing(config: Path, tmp_path: Path) -> None:
    (tmp_path / "more").write_text("User ann\nHost *\n  Port 11\n")
    found = said(config, "Host other\n  Include more\nHost box\n  Port 44\n")
    assert (found.port, found.user) == (44, "")


def test_a_file_that_includes_itself_is_said_so(config: Path) -> None:
    error = refused(config, "Include config\n")
    assert isinstance(error, Unsupported)
    assert f"line 1 of {config}" in str(error)


def test_tokens_variables_and_the_home_are_put_in(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYS", "/keys")
    found = said(
        config,
        "HostName %h.example.com\nUser bob\nPort 2222\nIdentityFile ${KEYS}/%r-%h-%p%%\n"
        "IdentityFile ~/k\nProxyCommand nc -x '%n' %h %p\nUserKnownHostsFile ~/a /b-%n\n"
        "HostKeyAlias alias\nCertificateFile %d/c\nIdentityAgent $KEYS\n",
    )
    home = Path.home()
    assert found.host == "box.example.com"
    assert found.identities == (Path("/keys/bob-box.example.com-2222%"), home / "k")
    assert found.command == "nc -x 'box' box.example.com 2222"
    assert found.known_hosts == (home / "a", Path("/b-box"))
    assert found.certificates == (home / "c",)
    assert (found.agent, found.host_key_alias) == ("/keys", "alias")


def test_match_blocks_count_for_whom_they_name(config: Path) -> None:
    text = (
        "Match originalhost box user ann\n  Port 1\nMatch host *.lan !originalhost no\n  Port 2\n"
        "Match all\n  Port 3\n"
    )
    assert said(config, text, user="ann").port == 1
    assert said(config, text, "x.lan").port == 2
    assert said(config, text).port == 3
    mine = f"Match localuser {getpass.getuser()}\n  Port 4\n"
    assert said(config, mine).port == 4


def test_match_final_reads_the_file_once_more_with_the_name_that_hostname_gave(
    config: Path,
) -> None:
    text = (
        "Host box\n  HostName real.lan\n  IdentityFile /k\nMatch final host real.lan\n  User ann\n"
        "  Port 1\nMatch !final\n  Port 2\nHost real.lan\n  IdentityFile /of-real\n"
        "Match originalhost box canonical\n  CertificateFile /c\n"
    )
    found = said(config, text)
    assert (found.host, found.user, found.port) == ("real.lan", "ann", 2)
    assert found.identities == (Path("/k"), Path("/of-real"))
    assert found.certificates == (Path("/c"),)
    other = said(config, text, "other")
    assert (other.user, other.port, other.identities) == ("", 2, ())


def test_without_match_final_the_name_that_hostname_gave_is_looked_for_by_match_alone(
    config: Path,
) -> None:
    text = "Host box\n  HostName real\nHost real\n  Port 1\nMatch canonical\n  Port 2\n"
    assert said(config, text).port is None
    assert said(config, text + "Match host real\n  Port 3\n").port == 3


@pytest.mark.parametrize("line", ["Host", "Match", "Match ", "Host =", "Host # nobody"])
def test_a_block_of_nobody_does_not_add_to_the_one_before(config: Path, line: str) -> None:
    error = refused(config, f"Host box\n  Port 1\n{line}\n  User ann\n")
    assert isinstance(error, Unsupported)
    assert f"line 3 of {config}" in str(error)


def test_a_variable_that_is_not_set_is_said_with_its_line(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    error = refused(config, "UserKnownHostsFile ${NOWHERE}/known_hosts\n")
    assert isinstance(error, Unsupported)
    assert "NOWHERE" in str(error)
    # As ssh has it: then nobody's agent, and not the usual one.
    assert said(config, "IdentityAgent $NOWHERE\n").agent == "none"
    assert said(config, "IdentityAgent SSH_AUTH_SOCK\n").agent == ""


def test_of_proxyjump_and_proxycommand_the_first_counts(config: Path) -> None:
    assert said(config, "ProxyJump a,b\nProxyCommand x\n").jump == "a,b"
    assert said(config, "ProxyJump a\nProxyCommand x\n").command == ""
    assert said(config, "ProxyCommand x y\nProxyJump a\n").command == "x y"
    assert said(config, "ProxyJump none\nProxyCommand x\n") == Options(host="box")


@pytest.mark.parametrize(
    ("written", "seconds"), [("5", 5), ("2m", 120), ("1h30m", 5400), ("none", None), ("0", None)]
)
def test_times_are_read_as_ssh_writes_them(
    config: Path, written: str, seconds: float | None
) -> None:
    assert said(config, f"ConnectTimeout {written}\n").connect_timeout == seconds


@pytest.mark.parametrize(
    "line",
    ["Port abc", "Port 0x", "Port 70000", "Compression maybe", "ConnectTimeout soon",
     "StrictHostKeyChecking perhaps", "IdentityFile %Z", "Match nonsense x", "HostName %p",
     'IdentityFile "~/my key'],
)  # fmt: skip
def test_a_value_that_ssh_would_not_take_is_said_with_its_line(config: Path, line: str) -> None:
    error = refused(config, f"# mine\n{line}\n")
    assert isinstance(error, Unsupported)
    assert f"line 2 of {config}" in str(error)


def test_a_changed_key_is_never_taken_whatever_the_file_says(config: Path) -> None:
    assert said(config, "StrictHostKeyChecking no\n").strict == "accept-new"


def test_a_file_that_others_can_change_is_not_followed(config: Path) -> None:
    config.write_text("Port 1\n")
    config.chmod(0o606)
    with pytest.raises(Denied, match="others can change"):
        lookup(config, "box")


def test_no_file_says_nothing(config: Path) -> None:
    assert options_for(config, "box", port=None, user="") == Options(host="box")


def test_what_the_address_says_comes_first(config: Path, tmp_path: Path) -> None:
    config.write_text("Host box\n  HostName real\n  Port 99\n  User bob\n")
    access = Access(tmp_path / "hosts", ssh_config=config)
    to = configured(target("sftp://box:22"), access)
    assert (to.host, to.port, to.user) == ("real", 99, "bob")
    to = configured(target("sftp://ann@box:2222"), access)
    assert (to.host, to.port, to.user) == ("real", 2222, "ann")
