"""A real Apache httpd on loopback, with mod_autoindex and mod_dav."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from tests.servers.web_process import HOST, SignIn, Tls, WebServer, basic_password_line

_PATH = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"))
_MODULES = (
    "/usr/lib/apache2/modules",
    "/usr/lib64/httpd/modules",
    "/usr/libexec/apache2",
    "/opt/homebrew/lib/httpd/modules",
    "/usr/local/lib/httpd/modules",
)
_CORE = ("mpm_event", "log_config", "unixd", "mime", "dir", "alias", "headers", "setenvif")
_AUTH = ("authz_core", "authz_user", "authn_core", "authn_file", "auth_basic", "auth_digest")
_NEEDED = (*_CORE, *_AUTH, "autoindex", "dav", "dav_fs", "socache_shmcb", "ssl")
_INDEX = {"plain": "None", "fancy": "FancyIndexing", "table": "FancyIndexing HTMLTable"}


def find_apache() -> str | None:
    """The path of an installed Apache httpd, or None."""
    found = (shutil.which(name, path=_PATH) for name in ("apache2", "httpd"))
    return next(filter(None, found), None)


class Apache(WebServer):
    """Apache with a `listing` of that style, or none; `dav`: all of WebDAV class 2.

    `auth` is how `sign_in` is asked for, and `realm` for what. `options` are more lines for its
    root folder ("IndexOptions +FoldersFirst"), `server_options` for the whole server.
    """

    def __init__(
        self,
        directory: Path,
        root: Path | None = None,
        *,
        listing: Literal["plain", "fancy", "table"] | None = "fancy",
        dav: bool = False,
        sign_in: SignIn | None = None,
        auth: Literal["basic", "digest"] = "basic",
        realm: str = "the harbour",
        tls: Tls | None = None,
        options: Iterable[str] = (),
        server_options: Iterable[str] = (),
    ) -> None:
        super().__init__(directory, root, tls=tls)
        self._listing = listing
        self._dav = dav
        self._sign_in = sign_in
        self._auth = auth
        self._realm = realm
        self._options = tuple(options)
        self._server_options = tuple(server_options)

    def command(self) -> list[str]:
        program = find_apache()
        if program is None:
            raise RuntimeError("no Apache here: install apache2-bin")
        config = self.directory / "httpd.conf"
        config.write_text("\n".join(self._config()) + "\n", encoding="utf-8")
        return [*_as_somebody(), program, "-f", str(config), "-DFOREGROUND"]

    @property
    def log(self) -> str:
        errors = self.directory / "error.log"
        return super().log + (errors.read_text(errors="replace") if errors.exists() else "")

    def _config(self) -> list[str]:
        return [
            f'ServerRoot "{self.directory}"',
            f'DefaultRuntimeDir "{self.directory}"',
            f"ServerName {HOST}:{self.port}",
            f"Listen {HOST}:{self.port}",
            f'PidFile "{self.directory}/httpd.pid"',
            f'ErrorLog "{self.directory}/error.log"',
            *_load_modules(),
            'LogFormat "%m %U%q %>s %B %{Range}i" brief',
            f'CustomLog "{self.access_log}" brief',
            f'TypesConfig "{os.devnull}"',
            "AddType text/html .html",
            "AddType text/plain .txt",
            "StartServers 1",
            "ThreadsPerChild 25",
            "GracefulShutdownTimeout 1",
            f'DocumentRoot "{self.root}"',
            f'DavLockDB "{self.directory}/dav_locks"',
            *self._secure(),
            *self._server_options,
            f'<Directory "{self.root}">',
            *self._folder(),
            "</Directory>",
        ]

    def _secure(self) -> list[str]:
        if not self.tls:
            return []
        pair = [f'SSLCertificateFile "{self.tls[0]}"', f'SSLCertificateKeyFile "{self.tls[1]}"']
        return ["SSLEngine on", *pair]

    def _folder(self) -> list[str]:
        lines = ["AllowOverride None"]
        if self._listing:
            lines += ["Options Indexes FollowSymLinks", f"IndexOptions {_INDEX[self._listing]}"]
        if self._dav:
            lines.append("Dav On")
        return [*lines, *self._people(), *self._options]

    def _people(self) -> list[str]:
        if self._sign_in is None:
            return ["Require all granted"]
        people = self.directory / "people"
        line = _password_line(*self._sign_in, self._auth, self._realm)
        people.write_text(line + "\n", encoding="utf-8")
        kind = self._auth.capitalize()
        asks = [f"AuthType {kind}", f'AuthName "{self._realm}"', f"Auth{kind}Provider file"]
        return [*asks, f'AuthUserFile "{people}"', "Require valid-user"]


def _password_line(user: str, password: str, auth: str, realm: str) -> str:
    """A line as htpasswd or htdigest writes it."""
    if auth == "digest":
        known = hashlib.md5(f"{user}:{realm}:{password}".encode()).hexdigest()
        return f"{user}:{realm}:{known}"
    return basic_password_line(user, password)


def _load_modules() -> list[str]:
    """Those that exist as files; a system has the others built in."""
    folder = next((Path(place) for place in _MODULES if Path(place).is_dir()), None)
    if folder is None:
        raise RuntimeError("no modules of Apache here: install apache2-bin")
    return [
        f"<IfModule !{name}_module>\nLoadModule {name}_module {file}\n</IfModule>"
        for name in _NEEDED
        if (file := folder / f"mod_{name}.so").exists()
    ]


def _as_somebody() -> list[str]:
    """Apache refuses to serve as root: root starts it as nobody who may read and write all."""
    if os.getuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise RuntimeError(
            "Apache refuses to serve as root: install util-linux, or be another user"
        )
    may = "+dac_override,+fowner"
    return [setpriv, "--reuid=nobody", "--regid=nogroup", "--clear-groups", f"--inh-caps={may}",
            f"--ambient-caps={may}"]  # fmt: skip
