"""An SFTP session over an ssh process of its own, signed in with the person's own configuration."""

from __future__ import annotations

import os

from providers.access import Access
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    HostKeyUnknown,
    ProviderError,
    Unreachable,
    Unsupported,
)
from providers.sftp import host_keys
from providers.sftp.held import Person
from providers.sftp.openssh import command
from providers.sftp.openssh.answers import Answers
from providers.sftp.openssh.last_words import HostKeyNotKnown, explain
from providers.sftp.openssh.process import ProcessStream, SshProcess
from providers.sftp.openssh.questions import POSSIBLE, Questions
from providers.sftp.patience import Patience
from providers.sftp.route import patience_for
from providers.sftp.session import Session
from providers.sftp.target import Target, configured
from providers.sftp.wire import Wire

# Only OpenSSH's own server has it. That one answers READDIR requests in turn; others may run them
# into each other.
_OPENSSH_ONLY = "users-groups-by-id@openssh.com"
_AHEAD = 16


def open_session(
    to: Target, access: Access, wire: Wire, *, asking: bool = POSSIBLE
) -> tuple[Session, None]:
    """As `Connections.open`, by the ssh program: there is no connection for a shell beside it.

    Without `asking` only keys, agents and known hosts of ssh's own let in. Raises Unsupported
    where there is no ssh, or one that is too old.
    """
    said = configured(to, access)
    wire.patience = patience_for(wire.patience, said)
    try:
        return _attempt(to, said, access, wire, asking=asking), None
    except HostKeyUnknown as error:
        if not (access.accept_new or said.options.strict == "accept-new"):
            raise
        if said.options.known_hosts == ():  # “none”: ssh does not ask, either
            access.trusted.add(error.endpoint, error.line)
        else:
            host_keys.remember(access, error.endpoint, error.line)
    return _attempt(to, said, access, wire, asking=asking), None


def _attempt(to: Target, said: Target, access: Access, wire: Wire, *, asking: bool) -> Session:
    questions = _questions(to) if asking else None
    try:
        return _connect(to, said, access, wire, questions)
    finally:
        if questions is not None:
            questions.close()


def _questions(to: Target) -> Questions:
    try:
        return Questions()
    except OSError as error:
        what = f"ssh cannot ask anything here ({error.strerror or error})"
        advice = "The folder for temporary files must be writable, and its path short: see TMPDIR."
        raise Unsupported(to.endpoint, what, advice=advice) from error


def _connect(
    to: Target, said: Target, access: Access, wire: Wire, questions: Questions | None
) -> Session:
    process = _start(to, said, access, wire, questions)
    person = Person(wire.asks)
    answers = Answers(said, access, process.end, person)
    arriving = _arriving(wire.patience)
    stream = ProcessStream(process, wire.patience, arriving, person.took)
    try:
        wire.carry(process.end)
        if questions is not None:
            questions.answer_with(answers.reply)
        with wire.within(arriving, person.took):
            session = Session(stream, to.endpoint, patience=wire.patience)
    except ProviderError as error:
        stream.close()
        raise _why(error, answers, process, wire) from error
    except BaseException:
        stream.close()
        raise
    session.ahead = _AHEAD if _OPENSSH_ONLY in session.offers else 1
    return session


def _start(
    to: Target, said: Target, access: Access, wire: Wire, questions: Questions | None
) -> SshProcess:
    host_keys = questions.host_key_command if questions is not None else None
    words = command.arguments(to, said, access, wire.patience, host_keys)
    more = questions.environment if questions is not None else {}
    try:
        return SshProcess(words, command.environment(os.environ, more))
    except OSError as error:
        what = f"ssh cannot be started ({error.strerror})"
        raise Unreachable(to.endpoint, what, advice="Check the ssh program.") from error


def _arriving(patience: Patience) -> float:
    """Seconds from ssh's start to the first answer of SFTP."""
    to_server = patience.resolve + patience.connect + patience.greeting + patience.key_exchange
    return to_server + patience.sign_in + patience.channel * 2


def _why(error: ProviderError, answers: Answers, process: SshProcess, wire: Wire) -> ProviderError:
    """What stands behind a session that did not start."""
    if answers.error is not None:
        return answers.error
    if wire.is_cut or not isinstance(error, ConnectionLost):
        return _cut(wire) or error
    if isinstance(error.__cause__, TimeoutError):
        return error
    judge = answers.host_key
    found = explain(process.last_words(), wire.endpoint, shown=judge.shown)
    if judge.unknown is not None and isinstance(found, HostKeyNotKnown):
        return judge.unknown
    return (answers.turned_away() or found) if isinstance(found, AuthRequired) else found


def _cut(wire: Wire) -> ProviderError | None:
    try:
        wire.check()
    except ConnectionLost as error:
        return error
    return None
