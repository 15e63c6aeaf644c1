"""A digesting tool for a real sshd that never comes to an end, but for the empty file."""

from __future__ import annotations

import os
from pathlib import Path

_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class SlowDigest:
    """`environment` puts it in the place of sha256sum and openssl in the server's sessions."""

    def __init__(self, directory: Path) -> None:
        tools = directory / "tools"
        tools.mkdir()
        self._began = tools / "began"
        os.mkfifo(self._began)
        for name in ("sha256sum", "openssl"):
            tool = tools / name
            tool.write_text(
                "#!/bin/sh\n"
                f"[ -s /dev/stdin ] || {{ echo {_OF_NOTHING}; exit; }}\n"
                f'echo > "{self._began}"\n'
                "exec sleep 1000\n"
            )
            tool.chmod(0o755)
        self.environment = {"PATH": f"{tools}:/usr/bin:/bin"}

    def wait_until_it_runs(self) -> None:
        self._began.read_text()
