"""A real nginx on loopback."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from tests.servers.web_process import HOST, SignIn, Tls, WebServer, basic_password_line

_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def find_nginx() -> str | None:
    """The path of an installed nginx, or None."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


class Nginx(WebServer):
    """nginx with a listing in `listing` format, or none; `dav`: PUT DELETE MKCOL COPY MOVE.

    `min_delete_depth` as in ngx_http_dav_module: how many parts an address that may be deleted
    has. `options` are more directives of its server block ("limit_rate 1m;").
    """

    def __init__(
        self,
        directory: Path,
        root: Path | None = None,
        *,
        listing: Literal["html", "json"] | None = "html",
        dav: bool = False,
        min_delete_depth: int = 0,
        sign_in: SignIn | None = None,
        tls: Tls | None = None,
        options: Iterable[str] = (),
    ) -> None:
        super().__init__(directory, root, tls=tls)
        self._listing = listing
        self._dav = dav
        self._min_delete_depth = min_delete_depth
        self._sign_in = sign_in
        self._options = tuple(options)

    def command(self) -> list[str]:
        program = find_nginx()
        if program is None:
            raise RuntimeError("no nginx here: install nginx")
        config = self.directory / "nginx.conf"
        config.write_text("\n".join(self._config()) + "\n")
        error_log = str(self.directory / "error.log")
        return [program, "-p", str(self.directory), "-c", str(config), "-e", error_log]

    @property
    def log(self) -> str:
        errors = self.directory / "error.log"
        return super().log + (errors.read_text(errors="replace") if errors.exists() else "")

    def _config(self) -> list[str]:
        user = [f"user root {self.directory.group()};"] if os.getuid() == 0 else []
        temporary = [f'{what}_temp_path "{self.directory}/tmp_{what}";' for what in _TEMPORARY]
        return [
            "worker_processes 1;",
            "daemon off;",
            f'pid "{self.directory}/nginx.pid";',
            *user,
            "events { worker_connections 256; }",
            "http {",
            "default_type application/octet-stream;",
            "types { text/html html; text/plain txt; application/json json; }",
            "log_format brief '$request_method $request_uri $status $body_bytes_sent $http_range';",
            f'access_log "{self.access_log}" brief;',
            "sendfile on;",
            *temporary,
            "server {",
            *self._server(),
            "}",
            "}",
        ]

    def _server(self) -> list[str]:
        lines = [
            f"listen {HOST}:{self.port}{' ssl' if self.tls else ''};",
            f'root "{self.root}";',
            "client_max_body_size 0;",
        ]
        if self.tls:
            lines.append(f'ssl_certificate "{self.tls[0]}";')
            lines.append(f'ssl_certificate_key "{self.tls[1]}";')
        if self._listing:
            lines.append(f"autoindex on; autoindex_format {self._listing};")
        if self._dav:
            lines.append("dav_methods PUT DELETE MKCOL COPY MOVE; create_full_put_path on;")
            lines.append(f"min_delete_depth {self._min_delete_depth};")
        if self._sign_in:
            people = self.directory / "people"
            people.write_text(basic_password_line(*self._sign_in) + "\n")
            lines.append(f'auth_basic "the harbour"; auth_basic_user_file "{people}";')
        return [*lines, *self._options]
