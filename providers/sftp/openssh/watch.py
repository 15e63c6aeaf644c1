"""What ends ssh when this process is killed: a server that never hangs up would keep it running."""

from __future__ import annotations

import os
import subprocess

POSSIBLE = os.name != "nt"
# It waits for the end of its input, which comes with ours: nobody else has the other end.
_SCRIPT = 'read -r line; kill -s KILL -- "-$0"'


class Watch:
    """Over all that is in process group `group`. Closed while the number is still that group's."""

    def __init__(self, group: int) -> None:
        """Raises OSError."""
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, str(group)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def close(self) -> None:
        """Again is fine."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
