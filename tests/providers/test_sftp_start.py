"""What a command that copies over SFTP imports, and asks, before it begins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from providers.sftp import keys
from tests.servers.openssh import new_key

_NEEDLESS = {"invoke", "asyncio", "keyring", "tomlkit", "dotenv", "boto3", "msal", "textual"}


def _no_secret() -> str | None:
    raise AssertionError("a keyring may wait for a person")


def test_a_copy_over_sftp_starts_without_what_it_does_not_use() -> None:
    program = (
        "import sys, tui.cli, tui.headless.copy, providers.local, providers.sftp.provider;"
        "print(*(name for name, module in sys.modules.items() if module is not None))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert not _NEEDLESS & set(done.stdout.decode().split())


def test_paramiko_does_without_the_package_that_runs_commands() -> None:
    program = "import providers.sftp.provider, paramiko.config; print(paramiko.config.invoke)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == [b"None"]


def test_no_passphrase_is_looked_for_where_a_key_has_none(tmp_path: Path) -> None:
    new_key(tmp_path / "key")
    assert keys.load(tmp_path / "key", _no_secret).get_name() == "ssh-ed25519"
