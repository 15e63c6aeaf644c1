"""Starting the sandbox from the demo or a test, and being sure that it goes away again."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from providers.errors import ProviderError, Unsupported
from providers.sandbox.remove import remove_tree

_READY_SECONDS = 60.0
_END_SECONDS = 10.0


class Sandbox:
    """A context manager: an SFTP, a web, a WebDAV server, a service of buckets and one of
    drives, with samples; gone without a trace.

    The child process owns the temporary folder. It ends when its stdin does, so it cleans up also
    when this process is killed. Raises Unsupported without asyncssh, ProviderError when the
    server does not start. `samples=False` leaves them empty.
    """

    endpoint: str  # "sftp://demo@127.0.0.1:port"
    password: str
    known_hosts_line: str
    web_endpoint: str  # "http://demo@127.0.0.1:port"
    web_password: str
    dav_endpoint: str  # "dav://demo@127.0.0.1:port"
    dav_password: str
    s3_url: str  # "http://127.0.0.1:port"
    s3_key_id: str
    s3_secret: str
    graph_base: str  # "http://127.0.0.1:port/v1.0": Microsoft Graph, emulated
    login_base: str  # "http://127.0.0.1:port": where one signs in to it
    drive_client_id: str
    drive_token: str
    local_root: Path
    remote_root = "/"  # as seen over SFTP

    def __init__(self, *, samples: bool = True) -> None:
        self._samples = samples
        self._served = Path()
        self._process: subprocess.Popen[str] | None = None

    def served_path(self, path: str) -> Path:
        """Where on this computer a path of the server's is."""
        return self._served / path.lstrip("/")

    def __enter__(self) -> Self:
        if importlib.util.find_spec("asyncssh") is None:
            raise Unsupported(
                "",
                "the demo's server needs the package asyncssh, which is not installed",
                advice="Install it with: python -m pip install 'wharfie[demo]'",
            )
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _start(self) -> None:
        with tempfile.TemporaryFile("w+", errors="replace") as complaints:
            self._process = _spawn(complaints, bare=not self._samples)
            ready = _first_line(self._process)
            complaints.seek(0)
            told = complaints.read().strip().rpartition("\n")[2]
        if not ready or "error" in ready:
            why = ready.get("error") or told or "it ended without a word"
            raise ProviderError("", f"the demo's server did not start: {why}")
        self.endpoint = ready["endpoint"]
        self.password = ready["password"]
        self.known_hosts_line = ready["known_hosts_line"]
        self.web_endpoint = ready["web_endpoint"]
        self.web_password = ready["web_password"]
        self.dav_endpoint = ready["dav_endpoint"]
        self.dav_password = ready["dav_password"]
        self.s3_url = ready["s3_url"]
        self.s3_key_id = ready["s3_key_id"]
        self.s3_secret = ready["s3_secret"]
        self.graph_base, self.login_base = ready["graph_base"], ready["login_base"]
        self.drive_client_id, self.drive_token = ready["drive_client_id"], ready["drive_token"]
        self.local_root = Path(ready["local"])
        self._served = Path(ready["remote"])

    def stop(self) -> None:
        """End the server and wait until its files are gone. May be called again."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        if self._served != Path():
            remove_tree(self._served.parent)  # already gone, unless the child was killed


def _spawn(complaints: IO[str], *, bare: bool) -> subprocess.Popen[str]:
    # -P: a folder the demo is started in must not be where Python looks for modules.
    command = [sys.executable, "-P", "-m", "providers.sandbox"]
    return subprocess.Popen(
        [*command, "--bare"] if bare else command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(_where_from())},
        start_new_session=os.name != "nt",  # Ctrl-C is for the screen, which then stops us
    )


def _where_from() -> list[str]:
    """The place these packages are imported from, before any other: both speak alike."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [str(Path(__file__).parents[2]), *filter(None, paths)]


def _first_line(process: subprocess.Popen[str]) -> dict[str, str]:
    """The child's JSON line; empty when it ended, or was ended for taking too long."""
    assert process.stdout is not None
    too_long = threading.Timer(_READY_SECONDS, process.terminate)
    too_long.start()
    try:
        line = process.stdout.readline()
    finally:
        too_long.cancel()
    if not line:
        return {}
    ready: dict[str, str] = json.loads(line)
    return ready
