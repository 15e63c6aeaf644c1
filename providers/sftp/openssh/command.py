"""How ssh is called: its arguments and its environment. Never through a shell."""

from __future__ import annotations

import getpass
import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from providers.access import Access
from providers.errors import Unsupported
from providers.sftp.patience import Patience
from providers.sftp.sign_in import named_keys
from providers.sftp.target import USUAL_PORT, Target

_ALIVE_COUNT = 2
# Whatever the person's file says: nothing is forwarded, run here, or written over the stream; the
# process stays below us, and reads us; lists of known hosts are left to us; and what ssh writes
# when it fails is there to be read.
_ALWAYS = (
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "Tunnel=no",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "RequestTTY=no",
    "EscapeChar=none",
    "ForkAfterAuthentication=no",
    "StdinNull=no",
    "CheckHostIP=no",
    "UpdateHostKeys=no",
    "LogLevel=INFO",
)
_LEFT_OUT = ("LANG", "LC_", "SFTP_PASSWORD", "FILE_URL", "SSH_ASKPASS")
"""Of the environment: SendEnv would send the first two, and ssh's words are to be English; the next
two hold secrets of ours.
"""


def program() -> str:
    """Raises Unsupported."""
    found = shutil.which("ssh")
    if found is None:
        raise Unsupported(
            "ssh",
            "there is no ssh program on this computer's PATH",
            advice="Install OpenSSH, or take “transport” out of the site.",
        )
    return found


def arguments(
    to: Target, said: Target, access: Access, patience: Patience, host_key_command: str | None
) -> list[str]:
    """`to` as it was typed, `said` with what ~/.ssh/config makes of it.

    Without a `host_key_command` nothing can be asked: then ssh alone decides whom it knows.
    """
    options = [*_ALWAYS, *_trust(access, host_key_command), *_deadlines(said, patience)]
    if not said.options.control_persist:
        options.append("ControlMaster=no")  # one that we end would end all that share it
    words = [program(), *_config_file(access), "-s"]
    for option in (*options, *_identities(said, access)):
        words += ["-o", option]
    if to.port != USUAL_PORT:
        words += ["-p", str(to.port)]
    if to.named:
        words += ["-l", to.user]
    return [*words, "--", to.host, "sftp"]


def environment(given: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in given.items() if not name.startswith(_LEFT_OUT)}
    return {**kept, **more}


def _trust(access: Access, host_key_command: str | None) -> list[str]:
    if host_key_command is None:
        strict = "accept-new" if access.accept_new else "yes"
        return ["BatchMode=yes", f"StrictHostKeyChecking={strict}"]
    return [
        "BatchMode=no",
        "StrictHostKeyChecking=yes",
        f"KnownHostsCommand={host_key_command}",
        "NumberOfPasswordPrompts=2",  # the second tells that the first answer was wrong
    ]


def _deadlines(said: Target, patience: Patience) -> list[str]:
    """A silent server is found out in the time an answer may take."""
    found = [f"ConnectTimeout={max(1, math.ceil(patience.connect))}"]
    if not said.options.alive_interval:
        interval = max(1, int(patience.answer / _ALIVE_COUNT))
        found += [f"ServerAliveInterval={interval}", f"ServerAliveCountMax={_ALIVE_COUNT}"]
    return found


def _identities(said: Target, access: Access) -> list[str]:
    """A key that a person named for this is the only one that is offered."""
    named = named_keys(said, access)
    found = [f"IdentityFile={quoted(str(key))}" for key in named]
    if named:
        found.append("IdentitiesOnly=yes")
    if not access.use_agent:
        found.append("IdentityAgent=none")
    if not (named or access.use_default_keys or said.options.identities):
        found.append("IdentityFile=none")
    return found


def quoted(word: str) -> str:
    """As ssh takes a value of its configuration apart; "%" would start one of its tokens."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _config_file(access: Access) -> list[str]:
    """Nothing where ssh reads it by itself: only then does it read the system's as well."""
    path = access.ssh_config
    if path == Path(os.path.expanduser(f"~{getpass.getuser()}")) / ".ssh" / "config":
        return []
    return ["-F", str(path) if path is not None and path.is_file() else "none"]
