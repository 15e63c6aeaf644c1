"""What can go wrong with a place, as a tree.

    ProviderError
    ├── NotFound
    ├── AlreadyExists
    ├── NotEmpty
    ├── WrongKind               a directory where a file was needed, or the other way
    ├── InvalidName             a name that could leave its folder, or cannot be stored
    ├── Denied                  permission refused
    ├── NoSpace                 disk full or over quota
    ├── Unsupported             this place cannot do that
    ├── SourceChanged           the file is not the one that was listed, or ended early
    ├── TargetChanged           the destination is not what was agreed to be replaced
    ├── RangeIgnored            a part was asked for and the whole came: start again as one stream
    ├── UploadExpired           begin again
    ├── Doubtful                stored, and its place says that it is something else
    ├── ConnectionLost          transient: retried
    │   └── Unreachable         no connection came about: nothing was asked of the server
    ├── Throttled               transient: retried after the time the server gave
    ├── AuthRequired            a person must give a password, a passphrase or a key
    └── HostKeyProblem
        ├── HostKeyUnknown      a person must look at the fingerprint
        ├── HostKeyChanged      never continued
        └── HostKeyRevoked      never continued

Each says what happened, to what, and what to do next. Only ConnectionLost and Throttled are
retried, by the transfer engine and by the comparison of two trees, never by a provider. Texts are
safe for a terminal: what a server supplied goes through `text.printable` before it gets here.
"""

from __future__ import annotations

from typing import Literal

from providers.text import printable

Secret = Literal["password", "passphrase", "key", "token", "query", "encryption", "sign-in", "code"]
"""What lets a person in. "code": the answer to the question `subject`, of use once and never kept.
"sign-in" is not typed: they sign in on a page of the service
(`providers.person_sign_in`), and what is kept of that opens what was sealed with it."""


class ProviderError(Exception):
    """The base: `path` is what it happened to, `what` the sentence, `advice` the next step."""

    what = "it did not work"
    advice = ""

    def __init__(self, path: str, what: str | None = None, *, advice: str | None = None) -> None:
        self.path = path
        self.what = what or type(self).what
        self.advice = type(self).advice if advice is None else advice
        super().__init__(path, self.what)

    def __str__(self) -> str:
        where = f"{printable(self.path)}: " if self.path else ""
        advice = f" {self.advice}" if self.advice else ""
        return f"{where}{self.what}.{advice}"


class NotFound(ProviderError):
    what = "does not exist"
    advice = "Refresh the pane, or check the path."


class AlreadyExists(ProviderError):
    what = "already exists"
    advice = "Choose to overwrite, skip or rename."


class NotEmpty(ProviderError):
    what = "the directory is not empty"
    advice = "Delete what is in it first."


class WrongKind(ProviderError):
    what = "is not the kind of thing this needs"
    advice = "Refresh the pane and look at it again."


class InvalidName(ProviderError):
    what = "this name cannot be used here"
    advice = "Rename it and try again."


class Denied(ProviderError):
    what = "permission denied"
    advice = "Check its owner and mode, or sign in as someone who may."


class NoSpace(ProviderError):
    what = "no space left"
    advice = "Free some space there, then retry."


class Unsupported(ProviderError):
    what = "this place cannot do that"


class SourceChanged(ProviderError):
    what = "the file changed while it was being read"
    advice = "It is read again from the start, once; then copy it when nothing writes to it."


class TargetChanged(ProviderError):
    what = "the destination changed since it was looked at"
    advice = "Look at it and decide again."


class RangeIgnored(ProviderError):
    what = "the server sent the whole file instead of a part"
    advice = "It is read again as one stream."


class UploadExpired(ProviderError):
    what = "the unfinished upload is gone"
    advice = "It is started again."


class Doubtful(ProviderError):
    """It has its name, and the place says itself that it is not what was sent: its word is no
    proof of that either."""

    what = "its place says that it stored something else"
    advice = "It is read back."


class ConnectionLost(ProviderError):
    what = "the connection was lost"
    advice = "It is tried again; check the network and that the server is running."


class Unreachable(ConnectionLost):
    """No connection to `endpoint` came about, so that nothing was asked of it.

    Its name is not known, nothing answers there or refuses, or the greeting (SSH's key exchange,
    TLS) never came to its end. Not for one that was lost later, nor for a server that turned us
    away or could not prove who it is. `why` goes on behind "cannot be reached".
    """

    what = "cannot be reached"
    advice = "Check the network, the address and that the server is running."

    def __init__(self, endpoint: str, why: str = "", *, advice: str | None = None) -> None:
        what = type(self).what
        super().__init__(endpoint, f"{what}: {why}" if why else what, advice=advice)
        self.endpoint = endpoint


class Throttled(ProviderError):
    """Not now: it is asked again later, by itself.

    `retry_after`: seconds the server asked to wait, None when it did not say.

    `endpoint`: whose every request must wait so long; "" when only this one.
    """

    what = "the server asked to slow down"
    advice = "It is tried again later."

    def __init__(
        self,
        path: str,
        what: str | None = None,
        *,
        retry_after: float | None,
        endpoint: str = "",
        advice: str | None = None,
    ) -> None:
        super().__init__(path, what, advice=advice)
        self.retry_after = retry_after
        self.endpoint = endpoint


class AuthRequired(ProviderError):
    """`endpoint` wants a secret. `needs` says which; `subject` is the key file for a passphrase.

    `rejected` tells that one was given and refused.
    """

    what = "sign-in needed"
    advice = "Connect to it and give the password or key."

    def __init__(
        self,
        endpoint: str,
        what: str | None = None,
        *,
        needs: Secret = "password",
        subject: str = "",
        rejected: bool = False,
        advice: str | None = None,
    ) -> None:
        super().__init__(endpoint, what, advice=advice)
        self.endpoint = endpoint
        self.needs: Secret = needs
        self.subject = subject
        self.rejected = rejected


class HostKeyProblem(ProviderError):
    """`fingerprint` is "SHA256:…" as OpenSSH prints it; `line` the key as known_hosts holds it;
    `remark` what else a person should know before the key is trusted, which `what` says, too."""

    def __init__(
        self,
        endpoint: str,
        what: str,
        *,
        key_type: str,
        fingerprint: str,
        line: str = "",
        remark: str = "",
        advice: str | None = None,
    ) -> None:
        super().__init__(endpoint, what, advice=advice)
        self.endpoint = endpoint
        self.key_type = key_type
        self.fingerprint = fingerprint
        self.line = line
        self.remark = remark


class HostKeyUnknown(HostKeyProblem):
    advice = "Compare the fingerprint with the server's, then accept it (or use --accept-new)."


class HostKeyChanged(HostKeyProblem):
    advice = (
        "Someone may be listening in. Ask the server's owner; only if the key was really "
        "replaced, remove the old line."
    )


class HostKeyRevoked(HostKeyProblem):
    advice = "Do not connect; ask the server's owner for its new key."
