"""Who we are: the keys a person chose, then a password and the server's questions, then the agent
and the usual keys, each tried once.

Only secrets a person gave in this run are used, and one that is refused is forgotten, so that it
is never tried again by itself (faults.md F6). The agent is never forwarded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import paramiko
from paramiko.auth_handler import AuthOnlyHandler
from paramiko.ssh_exception import BadAuthenticationType

from providers.access import Access
from providers.errors import AuthRequired, ConnectionLost
from providers.records import dataclass, field
from providers.sftp import keys
from providers.sftp.agent import Agent, silent
from providers.sftp.connect import translated
from providers.sftp.identities import certify, identities
from providers.sftp.prompts import Answers, Unanswered, password_refused
from providers.sftp.target import Target
from providers.sftp.wire import Wire
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
    agent: Agent | None = None
    held: list[paramiko.AgentKey] = field(default_factory=list)  # by the agent
    offered: set[bytes] = field(default_factory=set)  # public keys
    chosen: Path | None = None  # a key of ~/.ssh/config that needs a passphrase
    locked: Path | None = None  # a usual key that does
    refused_key: Path | None = None  # a key the person named
    answered: bool = False  # the password was given, or the questions answered

    def takes(self, method: str) -> bool:
        return method in self.allowed

    def within(self) -> AbstractContextManager[None]:
        """The time one attempt has. A cut then never looks like a refused secret."""
        return self.wire.within(self.wire.patience.sign_in)


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
        try:
            if any(step(transport, to, access, state) for step in _STEPS):
                return
        finally:
            if state.agent is not None:
                state.agent.close()
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


def _with_configured_keys(
    transport: paramiko.Transport, to: Target, access: Access, state: _State
) -> bool:
    """Those of ~/.ssh/config. One that needs a passphrase is asked for if nothing else opens."""
    if not to.options.identities:
        return False
    _ask_agent(to, access, state)
    for key in identities(to, access, state.held):
        if not state.takes(_KEY):
            return False
        if isinstance(key, Path):
            state.chosen = state.chosen or key
        elif _offer_key(transport, to, key, state):
            return True
    return False


def _ask_agent(to: Target, access: Access, state: _State) -> None:
    if state.agent is None and access.use_agent:
        state.agent = Agent(state.wire, to.options.agent)
        state.held = state.agent.held()


def _with_agent_keys(
    transport: paramiko.Transport, to: Target, access: Access, state: _State
) -> bool:
    """The first few: all keys of a big agent would use up the attempts that a server allows."""
    if to.options.identities_only or not state.takes(_KEY):
        return False
    _ask_agent(to, access, state)
    fresh = [key for key in state.held if key.blob not in state.offered][:_MOST_AGENT_KEYS]
    for key in fresh:
        certify(key, to.options.certificates)
    return any(_offer_key(transport, to, key, state) for key in fresh if state.takes(_KEY))


def _with_usual_keys(
    transport: paramiko.Transport, to: Target, access: Access, state: _State
) -> bool:
    """Those of ~/.ssh, unless IdentityFile named others."""
    if not access.use_default_keys or to.options.identities:
        return False
    found = _default_keys(to, access, state)
    return any(_offer_key(transport, to, key, state) for key in found if state.takes(_KEY))


def _offer_key(
    transport: paramiko.Transport, to: Target, key: paramiko.PKey, state: _State
) -> bool:
    """Whether `key` opened the door, with its certificate or without."""
    state.offered.add(key.asbytes())
    if _offer(transport, to, key, state):
        return True
    if getattr(key, "public_blob", None) is None or not state.takes(_KEY):
        return False
    key.public_blob = None
    return _offer(transport, to, key, state)


def _offer(transport: paramiko.Transport, to: Target, key: paramiko.PKey, state: _State) -> bool:
    """A step of several is noted in `state`."""
    try:
        with state.within():
            further = state.attempts.auth_publickey(to.user, key)
    except paramiko.AuthenticationException as error:
        _still_there(transport, to, error)
        return False
    except TimeoutError as error:  # only an agent's socket has one
        raise silent(state.wire) from error
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


def _with_questions(
    transport: paramiko.Transport, to: Target, access: Access, state: _State
) -> bool:
    """Answer what the server asks. Before the password alone, as ssh does: a code may be due.

    Raises AuthRequired for what there is no answer to.
    """
    if state.answered or not state.takes(_PROMPTS):
        return False
    if state.takes(_PASSWORD) and access.secrets.get(to.endpoint, "password") is None:
        return False
    answers = Answers(to, access)
    try:
        with state.within():
            further = state.attempts.auth_interactive(to.user, answers)
    except Unanswered:
        assert answers.missing is not None
        raise answers.missing from None
    except paramiko.AuthenticationException as error:
        _cut_short(transport, to, error)
        if not answers.asked:
            state.allowed -= {_PROMPTS}
            return False
        raise answers.refused() from error
    state.answered = True
    return _passed(transport, further, state)


def _with_password(
    transport: paramiko.Transport, to: Target, access: Access, state: _State
) -> bool:
    password = access.secrets.get(to.endpoint, "password")
    if password is None or not state.takes(_PASSWORD):
        return False
    try:
        with state.within():
            further = state.attempts.auth_password(to.user, password)
    except paramiko.AuthenticationException as error:
        _cut_short(transport, to, error)
        access.secrets.forget(to.endpoint, "password")
        raise password_refused(to) from error
    return _passed(transport, further, state)


def _cut_short(transport: paramiko.Transport, to: Target, error: Exception) -> None:
    if str(error) == "Authentication timeout.":
        _still_there(transport, to, error)


def _named_key(path: Path, to: Target, access: Access) -> paramiko.PKey:
    """The private key the person named. Raises AuthRequired when it cannot be used."""
    try:
        return keys.load(path, lambda: access.secrets.get(to.endpoint, "passphrase", str(path)))
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
            yield keys.load(path, partial(access.secrets.get, to.endpoint, "passphrase", str(path)))
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


def _needed(to: Target, state: _State) -> AuthRequired:
    """What a person can give now that nothing at hand was accepted."""
    refused = f"the key {printable(str(state.refused_key))} was refused; " * bool(state.refused_key)
    if state.chosen is not None:
        return _needs_passphrase(to, state.chosen, refused)
    if state.takes(_PASSWORD) or state.takes(_PROMPTS):
        return AuthRequired(
            to.endpoint,
            f"{refused}{printable(to.user)} needs a password",
            advice="Give the password, or name the right key (SFTP_KEY).",
        )
    if state.locked is not None:
        return _needs_passphrase(to, state.locked, refused)
    return AuthRequired(
        to.endpoint,
        f"{refused}the server takes keys only and none at hand was accepted",
        needs="key",
        rejected=state.refused_key is not None,
        advice="Name the right private key (SFTP_KEY) or add it to your SSH agent.",
    )


def _needs_passphrase(to: Target, key: Path, refused: str) -> AuthRequired:
    return AuthRequired(
        to.endpoint,
        f"{refused}the key {printable(str(key))} needs its passphrase",
        needs="passphrase",
        subject=str(key),
    )


_STEPS = (
    _with_named_keys,
    _with_configured_keys,
    _with_questions,
    _with_password,
    _with_agent_keys,
    _with_usual_keys,
    _with_questions,  # once more: a server may want them after a key
    _with_password,
)
