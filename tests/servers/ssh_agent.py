"""Keys as ssh-keygen makes them, and an SSH agent of a test's own that holds them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def keygen(*arguments: object) -> None:
    subprocess.run(["ssh-keygen", "-q", *map(str, arguments)], check=True)


def new_key(path: Path, passphrase: str = "", kind: str = "ed25519") -> Path:
    keygen("-t", kind, "-N", passphrase, "-C", "", "-f", path)
    return path


@contextmanager
def agent_with(*keys: Path) -> Iterator[str]:
    """An agent that holds these; the path of its socket, which must be short (macOS: 104 bytes)."""
    folder = Path(tempfile.mkdtemp(prefix="agent"))
    socket = folder / "s"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it tells its socket once that is there
        for key in keys:
            subprocess.run(
                ["ssh-add", "-q", str(key)],
                check=True,
                stderr=subprocess.DEVNULL,
                env={"SSH_AUTH_SOCK": str(socket), "PATH": "/usr/bin:/bin"},
            )
        yield str(socket)
    finally:
        process.terminate()
        process.communicate()
        shutil.rmtree(folder)
