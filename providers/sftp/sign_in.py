"""Who we are: the keys a person chose, then a password and the server's questions, then the usual
keys and the agent's, each tried once and not more than a server listens to.

Only secrets a person gave in this run are used, and one that is refused is forgotten, so that it
is never tried again by itself (faults.md F6). The agent is never forwarded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import paramiko
from paramiko.ssh_exception import BadAuthenticationType

from providers.access import Access
from providers.errors import AuthRequired, ConnectionLost
from providers.sftp import keys
from providers.sftp.agent import Agent, silent
from providers.sftp.ahead import Attempts, FirstAttempts, beginning
from providers.sftp.connect import translated
from providers.sftp.identities import LockedKey, certify, from_file, identities, in_agent
from providers.sftp.options import KEY, PASSWORD, PROMPTS
from providers.sftp.prompts import Answers, Unanswered, password_refused
from providers.sftp.sign_in_state import State, needed, needs_passphrase
from providers.sftp.target import Target
from providers.sftp.wire import Wire
from providers.text import printable


def sign_in(transport: paramiko.Transport, to: Target, access: Access, wire: Wire) -> None:
    """Sign in, or raise AuthRequired (what is needed, or what was refused) or ConnectionLost."""
    attempts = beginning(transport)
    if attempts is None:
        allowed = methods(transport, to, wire)
        if allowed is not None:
            sign_in_by(allowed, transport, to, access, wire)
        return
    transport.auth_timeout = wire.patience.sign_in
    state = State(attempts, wire, frozenset({KEY}), to.options.unwanted)
    with translated(to.endpoint):
        if not _with_first_key(transport, to, access, state, attempts):
            _by_steps(transport, to, access, state)


def _with_first_key(
    transport: paramiko.Transport,
    to: Target,
    access: Access,
    state: State,
    attempts: FirstAttempts,
) -> bool:
    """Whether the first trip lets in: with the key that the person named first, if it can be had
    at once, else with nothing, which tells what the server takes.

    A key of RSA waits for what the server says about signatures. That of an agent is not offered
    unasked: using it may ask a person for a finger or a yes.
    """
    path, key = _first_key(to, access)
    if key is not None:
        if _offer_key(transport, to, key, state):
            return True
        state.tried_key = state.refused_key = path
    if key is None or not attempts.further:
        allowed = _ask_methods(attempts.auth_none, transport, to, state.wire)
        if allowed is None:
            return True
        state.allowed = allowed
    else:
        state.allowed = attempts.further
    return False


def _first_key(to: Target, access: Access) -> tuple[Path | None, paramiko.PKey | None]:
    path = next(iter(named_keys(to, access)), None)
    if path is None or KEY in to.options.unwanted:
        return None, None
    try:
        key = keys.load(path, lambda: access.secrets.get(to.endpoint, "passphrase", str(path)))
    except (keys.Locked, keys.Unusable):
        return None, None  # what is wrong with it is said where it is tried in its turn
    return path, None if "rsa" in key.get_name() else key


def sign_in_by(
    allowed: frozenset[str], transport: paramiko.Transport, to: Target, access: Access, wire: Wire
) -> None:
    """The second half of `sign_in`, after `methods` told what is `allowed`."""
    with translated(to.endpoint):
        state = State(Attempts(transport), wire, allowed, to.options.unwanted)
        transport.auth_handler = state.attempts
        _by_steps(transport, to, access, state)


def _by_steps(transport: paramiko.Transport, to: Target, access: Access, state: State) -> None:
    try:
        if any(step(transport, to, access, state) for step in _STEPS):
            return
    finally:
        if state.agent is not None:
            state.agent.close()
    raise needed(to, state)


def methods(transport: paramiko.Transport, to: Target, wire: Wire) -> frozenset[str] | None:
    """The methods the server takes; None: it lets anyone in. Raises ConnectionLost."""
    transport.auth_timeout = wire.patience.sign_in
    with translated(to.endpoint):
        return _ask_methods(transport.auth_none, transport, to, wire)


def _ask_methods(
    with_nothing: Callable[[str], Sequence[str]],
    transport: paramiko.Transport,
    to: Target,
    wire: Wire,
) -> frozenset[str] | None:
    try:
        with wire.within(wire.patience.sign_in):
            further = with_nothing(to.user)
    except BadAuthenticationType as error:
        return frozenset(error.allowed_types)
    except paramiko.AuthenticationException as error:
        _still_there(transport, to, error)
        return frozenset({KEY, PASSWORD, PROMPTS})
    return None if transport.is_authenticated() else frozenset(further)


def named_keys(to: Target, access: Access) -> tuple[Path, ...]:
    """The keys that a person named: in this run, for this site, for every server (SFTP_KEY)."""
    given = access.secrets.get(to.endpoint, "key")
    of_site = access.sites.options(to.endpoint).get("key")
    first = [Path(path).expanduser() for path in (given, of_site) if path]
    return tuple(dict.fromkeys((*first, *access.keys)))


def _with_named_keys(
    transport: paramiko.Transport, to: Target, access: Access, state: State
) -> bool:
    for path in named_keys(to, access):
        if path == state.tried_key:
            continue
        if not state.takes(KEY):
            return False
        key = _named_key(path, to, access)
        if _offer_key(transport, to, key, state):
            return True
        state.refused_key = path
    return False


def _with_configured_keys(
    transport: paramiko.Transport, to: Target, access: Access, state: State
) -> bool:
    """Those of ~/.ssh/config. One that needs a passphrase is asked for if nothing else opens."""
    if not to.options.identities:
        return False
    _ask_agent(to, access, state)
    for key in identities(to, access, state.held):
        if not state.room():
            return False
        if isinstance(key, LockedKey):
            state.chosen = state.chosen or key
        elif _offer_key(transport, to, key, state):
            return True
    return False


def _ask_agent(to: Target, access: Access, state: State) -> None:
    if state.agent is None and access.use_agent:
        state.agent = Agent(state.wire, to.options.agent)
        state.held = state.agent.held()


def _with_agent_keys(
    transport: paramiko.Transport, to: Target, access: Access, state: State
) -> bool:
    """The usual keys first, then others while there is room for the usual ones in files: all keys
    of a big agent would use up the attempts that a server allows."""
    if not state.room():
        return False
    _ask_agent(to, access, state)
    paths = _usual_paths(to, access)
    own = [key for path in paths if (key := in_agent(path, state.held))]
    in_files = sum(path.is_file() for path in paths) - len(own)
    others = [] if to.options.identities_only else [key for key in state.held if key not in own]
    fresh = [key for key in (*own, *others) if key.blob not in state.offered]
    room = max(0, state.room() - in_files)
    state.untried = len(fresh[room:])
    for key in fresh[:room]:
        certify(key, to.options.certificates)
    return any(_offer_key(transport, to, key, state) for key in fresh[:room] if state.room())


def _with_usual_keys(
    transport: paramiko.Transport, to: Target, access: Access, state: State
) -> bool:
    """Those of ~/.ssh that the agent does not hold."""
    found = _usual_keys(to, access, state)
    return any(_offer_key(transport, to, key, state) for key in found if state.room())


def _offer_key(transport: paramiko.Transport, to: Target, key: paramiko.PKey, state: State) -> bool:
    """Whether `key` opened the door, with its certificate or without."""
    state.offered.add(key.asbytes())
    if _offer(transport, to, key, state):
        return True
    if getattr(key, "public_blob", None) is None or not state.takes(KEY):
        return False
    key.public_blob = None
    return _offer(transport, to, key, state)


def _offer(transport: paramiko.Transport, to: Target, key: paramiko.PKey, state: State) -> bool:
    """A step of several is noted in `state`. Raises AuthRequired where the server hangs up."""
    state.tries += 1
    try:
        with state.within():
            further = state.attempts.auth_publickey(to.user, key)
    except paramiko.AuthenticationException as error:
        if state.tries > 1 and not transport.is_active() and not _timed_out(error):
            raise needed(to, state) from error
        _still_there(transport, to, error)
        return False
    except TimeoutError as error:  # only an agent's socket has one
        raise silent(state.wire) from error
    except paramiko.SSHException:
        if transport.is_active():  # the agent would not sign, or the server takes no such key
            return False
        raise
    return _passed(transport, further, state)


def _passed(transport: paramiko.Transport, further: Sequence[str], state: State) -> bool:
    if transport.is_authenticated():
        return True
    state.allowed = frozenset(further)
    return False


def _with_questions(
    transport: paramiko.Transport, to: Target, access: Access, state: State
) -> bool:
    """Answer what the server asks. Before the password alone, as ssh does: a code may be due.

    Raises AuthRequired for what there is no answer to.
    """
    if state.answered or not state.takes(PROMPTS):
        return False
    if state.takes(PASSWORD) and access.secrets.get(to.endpoint, "password") is None:
        return False
    answers = Answers(to, access, state.wire.asks)
    transport.auth_timeout = float("inf")  # a person's time is not the server's: see below
    try:
        with state.wire.within(state.wire.patience.sign_in, answers.person.took):
            further = state.attempts.auth_interactive(to.user, answers)
    except Unanswered:
        assert answers.missing is not None
        raise answers.missing from None
    except paramiko.AuthenticationException as error:
        if answers.person.took():  # a server that hangs up then had waited long enough
            _still_there(transport, to, error)
        _cut_short(transport, to, error)
        if not answers.asked:
            state.allowed -= {PROMPTS}
            return False
        raise answers.refused() from error
    finally:
        transport.auth_timeout = state.wire.patience.sign_in
    state.answered = True
    return _passed(transport, further, state)


def _with_password(transport: paramiko.Transport, to: Target, access: Access, state: State) -> bool:
    password = access.secrets.get(to.endpoint, "password")
    if password is None or not state.takes(PASSWORD):
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
    if _timed_out(error):
        _still_there(transport, to, error)


def _timed_out(error: BaseException) -> bool:
    return str(error) == "Authentication timeout."  # as paramiko says it


def _named_key(path: Path, to: Target, access: Access) -> paramiko.PKey:
    """The private key the person named. Raises AuthRequired when it cannot be used."""
    try:
        return keys.load(path, lambda: access.secrets.get(to.endpoint, "passphrase", str(path)))
    except keys.Locked as error:
        access.secrets.forget(to.endpoint, "passphrase", str(path))
        raise needs_passphrase(to, LockedKey(path, error.rejected)) from error
    except keys.Unusable as error:
        raise AuthRequired(
            to.endpoint,
            f"the key {printable(str(path))} cannot be used ({error})",
            needs="key",
            subject=str(path),
            advice="Check the file; ed25519, ECDSA and RSA keys are understood.",
        ) from error


def _usual_keys(to: Target, access: Access, state: State) -> Iterator[paramiko.PKey]:
    """Those whose files open; the first that needs its passphrase is noted in `state`."""
    for path in _usual_paths(to, access):
        key = from_file(path, to, access)
        if isinstance(key, LockedKey):
            state.locked = state.locked or key
        elif key is not None and key.asbytes() not in state.offered:
            yield key


def _usual_paths(to: Target, access: Access) -> list[Path]:
    """The keys of ~/.ssh that nobody named; none where IdentityFile named others."""
    if not access.use_default_keys or to.options.identities:
        return []
    named = named_keys(to, access)
    paths = (Path.home() / ".ssh" / name for name in keys.DEFAULT_NAMES)
    return [path for path in paths if path not in named]


def _still_there(transport: paramiko.Transport, to: Target, error: BaseException) -> None:
    """Raise ConnectionLost when the server has hung up or fallen silent."""
    if transport.is_active() and not _timed_out(error):
        return
    raise ConnectionLost(
        to.endpoint,
        "the server ended the connection while signing in",
        advice="It may allow few attempts: name the right key or give the password.",
    ) from error


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
