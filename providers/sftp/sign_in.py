"""Who we are: keys, then a password, then the agent and the usual keys, each tried once.

Only secrets a person gave in this run are used, and one that is refused is forgotten, so that it
is never tried again by itself (faults.md F6). The agent is never forwarded.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import paramiko
from paramiko.auth_handler import AuthOnlyHandler
from paramiko.ssh_exception import BadAuthenticationType

from providers.access import Access
from providers.errors import AuthRequired, ConnectionLost
from providers.sftp import keys
from providers.sftp.connect import Target, translated
from providers.sftp.wire import Wire, shut_down
from providers.text import printable

_MOST_AGENT_KEYS = 3  # servers hang up after six attempts
_KEY, _PASSWORD, _PROMPTS = "publickey", "password", "keyboard-interactive"


class _Attempts(AuthOnlyHandler):
    """Several attempts after one request for the service, as RFC 4252 has it.

    paramiko's usual handler asks for the service before each, at which asyncssh hangs up. This one
    sets up what it waits on only after it has asked, so that a quick answer would be missed: here
    that is done before.
    """

    def __init__(self, transport: paramiko.Transport) -> None:
        self._answered = threading.Event()
        super().__init__(transport)

    @property
    def auth_event(self) -> threading.Event:
        return self._answered

    @auth_event.setter
    def auth_event(self, event: object) -> None:
        """Ours is kept."""

    def send_auth_request(
        self,
        username: str,
        method: str,
        finish_message: Callable[[paramiko.Message], None] | None = None,
    ) -> list[str]:
        self._answered = threading.Event()
        return super().send_auth_request(username, method, finish_message)


@dataclass(slots=True)
class _State:
    """What the server still accepts, and what was met on the way."""

    attempts: _Attempts
    wire: Wire
    allowed: frozenset[str]
    locked: Path | None = None  # a usual key that needs a passphrase
    refused_key: Path | None = None  # a key the person named

    def takes(self, method: str) -> bool:
        return method in self.allowed

    def within(self) -> AbstractContextManager[None]:
        """The time one attempt has. A cut then never looks like a refused secret."""
        return self.wire.within(self.wire.patience.sign_in)


class _Agent(paramiko.Agent):
    """The person's SSH agent. One that hangs is given up, with half of an attempt's time."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        super().__init__()

    def _connect(self, conn: object) -> None:
        try:
            if isinstance(conn, socket.socket):
                conn.settimeout(self._wire.patience.sign_in / 2)
                self._wire.carry(partial(shut_down, conn))
            super()._connect(conn)  # type: ignore[misc]  # untold by the stubs
        except BaseException as error:
            conn.close()  # type: ignore[attr-defined]
            if isinstance(error, TimeoutError):
                raise _agent_silent(self._wire) from error
            raise


def sign_in(transport: paramiko.Transport, to: Target, access: Access, wire: Wire) -> None:
    """Sign in, or raise AuthRequired (what is needed, or what was refused) or ConnectionLost."""
    allowed = methods(transport, to, wire)
    if allowed is not None:
        sign_in_by(allowed, transport, to, access, wire)


def sign_in_by(
    allowed: frozenset[str], transport: paramiko.Transport, to: Target, access: Access, wire: Wire
) -> None:
    """The second half of `sign_in`, after `methods` told what is `allowed`."""
    with translated(to.endpoint):
        state = _State(_Attempts(transport), wire, allowed)
        transport.auth_handler = state.attempts
        if _with_named_keys(transport, to, access, state):
            return
        if _with_password(transport, to, access, state):
            return
        if _with_found_keys(transport, to, access, state):
            return
    raise _needed(to, state)


def methods(transport: paramiko.Transport, to: Target, wire: Wire) -> frozenset[str] | None:
    """The methods the server takes; None: it lets anyone in. Raises ConnectionLost."""
    transport.auth_timeout = wire.patience.sign_in
    with translated(to.endpoint):
        return _ask_methods(transport, to, wire)


def _ask_methods(transport: paramiko.Transport, to: Target, wire: Wire) -> frozenset[str] | None:
    try:
        with wire.within(wire.patience.sign_in):
            further = transport.auth_none(to.user)
    except BadAuthenticationType as error:
        return frozenset(error.allowed_types)
    except paramiko.AuthenticationException as error:
        _still_there(transport, to, error)
        return frozenset({_KEY, _PASSWORD, _PROMPTS})
    return None if transport.is_authenticated() else frozenset(further)


def _named_keys(to: Target, access: Access) -> tuple[Path, ...]:
    """The keys that a person named: in this run, for this site, for every server (SFTP_KEY)."""
    given = access.secrets.get(to.endpoint, "key")
    of_site = access.sites.options(to.endpoint).get("key")
    first = [Path(path).expanduser() for path in (given, of_site) if path]
    return tuple(dict.fromkeys((*first, *access.keys)))


def _with_named_keys(
    transport: paramiko.Transport, to: Target, access: Access, state: _State
) -> bool:
    for path in _named_keys(to, access):
        if not state.takes(_KEY):
            return False
        key = _named_key(path, to, access)
        if _offer_key(transport, to, key, state):
            return True
        state.refused_key = path
    return False


def _with_found_keys(
    transport: paramiko.Transport, to: Target, access: Access, state: _State
) -> bool:
    if access.use_agent and state.takes(_KEY):
        agent = _Agent(state.wire)
        try:
            held = agent.get_keys()[:_MOST_AGENT_KEYS]
            if any(_offer_key(transport, to, key, state) for key in held if state.takes(_KEY)):
                return True
        finally:
            agent.close()
    if access.use_default_keys:
        found = _default_keys(to, access, state)
        return any(_offer_key(transport, to, key, state) for key in found if state.takes(_KEY))
    return False


def _offer_key(
    transport: paramiko.Transport, to: Target, key: paramiko.PKey, state: _State
) -> bool:
    """Whether `key` opened the door; a step of several is noted in `state`."""
    try:
        with state.within():
            further = state.attempts.auth_publickey(to.user, key)
    except paramiko.AuthenticationException as error:
        _still_there(transport, to, error)
        return False
    except TimeoutError as error:  # only an agent's socket has one
        raise _agent_silent(state.wire) from error
    except paramiko.SSHException:
        if transport.is_active():  # the agent would not sign, or the server takes no such key
            return False
        raise
    return _passed(transport, further, state)


def _passed(transport: paramiko.Transport, further: Sequence[str], state: _State) -> bool:
    if transport.is_authenticated():
        return True
    state.allowed = frozenset(further)
    return False


def _with_password(
    transport: paramiko.Transport, to: Target, access: Access, state: _State
) -> bool:
    password = access.secrets.get(to.endpoint, "password")
    if password is None or not (state.takes(_PASSWORD) or state.takes(_PROMPTS)):
        return False
    try:
        with state.within():
            if state.takes(_PASSWORD):
                further = state.attempts.auth_password(to.user, password)
            else:
                further = _answer_prompt(state.attempts, to, password)
    except paramiko.AuthenticationException as error:
        if str(error) == "Authentication timeout.":
            _still_there(transport, to, error)
        access.secrets.forget(to.endpoint, "password")
        raise AuthRequired(
            to.endpoint,
            "the password was refused",
            rejected=True,
            advice="Check the user name and type the password again.",
        ) from error
    return _passed(transport, further, state)


def _answer_prompt(attempts: _Attempts, to: Target, password: str) -> list[str]:
    """Give the password to the first single question, and to no other (a one-time code …)."""
    answers = iter([password])

    def answer(title: str, instructions: str, prompts: list[tuple[str, bool]]) -> list[str]:
        if len(prompts) != 1:
            return [""] * len(prompts)
        return [next(answers, "")]

    return attempts.auth_interactive(to.user, answer)


def _named_key(path: Path, to: Target, access: Access) -> paramiko.PKey:
    """The private key the person named. Raises AuthRequired when it cannot be used."""
    passphrase = access.secrets.get(to.endpoint, "passphrase", str(path))
    try:
        return keys.load(path, passphrase)
    except keys.Locked as error:
        access.secrets.forget(to.endpoint, "passphrase", str(path))
        what = "the passphrase is wrong" if error.rejected else "the key needs its passphrase"
        raise AuthRequired(
            to.endpoint,
            f"{what} ({printable(str(path))})",
            needs="passphrase",
            subject=str(path),
            rejected=error.rejected,
            advice="Give the passphrase, or add the key to your SSH agent.",
        ) from error
    except keys.Unusable as error:
        raise AuthRequired(
            to.endpoint,
            f"the key {printable(str(path))} cannot be used ({error})",
            needs="key",
            subject=str(path),
            advice="Check the file; ed25519, ECDSA and RSA keys are understood.",
        ) from error


def _default_keys(to: Target, access: Access, state: _State) -> Iterator[paramiko.PKey]:
    for name in keys.DEFAULT_NAMES:
        path = Path.home() / ".ssh" / name
        if path in _named_keys(to, access) or not path.is_file():
            continue
        try:
            yield keys.load(path, access.secrets.get(to.endpoint, "passphrase", str(path)))
        except keys.Locked as error:
            if error.rejected:
                access.secrets.forget(to.endpoint, "passphrase", str(path))
            state.locked = state.locked or path
        except keys.Unusable:
            continue  # a hardware key's stub, or not readable: the next one may do


def _still_there(transport: paramiko.Transport, to: Target, error: BaseException) -> None:
    """Raise ConnectionLost when the server has hung up or fallen silent."""
    if transport.is_active() and str(error) != "Authentication timeout.":
        return
    raise ConnectionLost(
        to.endpoint,
        "the server ended the connection while signing in",
        advice="It may allow few attempts: name the right key or give the password.",
    ) from error


def _agent_silent(wire: Wire) -> ConnectionLost:
    return ConnectionLost(
        wire.endpoint,
        "the SSH agent on this computer does not answer",
        advice="Look at it with “ssh-add -l”, or sign in with a key file.",
    )


def _needed(to: Target, state: _State) -> AuthRequired:
    """What a person can give now that nothing at hand was accepted."""
    refused = f"the key {printable(str(state.refused_key))} was refused; " * bool(state.refused_key)
    if state.takes(_PASSWORD) or state.takes(_PROMPTS):
        return AuthRequired(
            to.endpoint,
            f"{refused}{printable(to.user)} needs a password",
            advice="Give the password, or name the right key (SFTP_KEY).",
        )
    if state.locked is not None:
        return AuthRequired(
            to.endpoint,
            f"{refused}the key {printable(str(state.locked))} needs its passphrase",
            needs="passphrase",
            subject=str(state.locked),
        )
    return AuthRequired(
        to.endpoint,
        f"{refused}the server takes keys only and none at hand was accepted",
        needs="key",
        rejected=state.refused_key is not None,
        advice="Name the right private key (SFTP_KEY) or add it to your SSH agent.",
    )
