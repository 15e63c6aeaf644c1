"""How a site is signed in to: basic, digest, bearer, and .netrc where the site says so."""

from __future__ import annotations

import base64
import netrc
import secrets
import threading

from providers.access import Access
from providers.errors import AuthRequired, Denied, InvalidName, ProviderError, Secret
from providers.http.digest_auth import Challenge, answer, can_answer, challenges
from providers.http.options import Options
from providers.text import to_bytes
from providers.web.message import Headers

_TOKEN = "{token}"
_SCHEMES = {
    "auto": frozenset({"basic", "digest", "bearer"}),
    "none": frozenset[str](),
    "basic": frozenset({"basic"}),
    "digest": frozenset({"digest"}),
    "bearer": frozenset({"bearer"}),
}


class SignIn:
    """The sign-in of one site. Its secrets are for its own origin; the session sees to that."""

    def __init__(self, endpoint: str, host: str, user: str, options: Options, access: Access):
        self._endpoint = endpoint
        self._host = host
        self._options = options
        self._access = access
        self._lock = threading.Lock()
        self._challenge: Challenge | None = None
        self._count = 0
        self._token_in_headers = any(_TOKEN in value for _, value in options.headers)
        self._user, self._netrc_password = user or options.user, ""
        if options.netrc:
            self._read_netrc()

    def _read_netrc(self) -> None:
        try:
            found = netrc.netrc().authenticators(self._host)
        except FileNotFoundError:
            return
        except (netrc.NetrcParseError, OSError, UnicodeError) as error:
            raise InvalidName(  # not from it: a parser's text repeats what stands in the file
                "~/.netrc", f"this file cannot be used: {_wrong(error)}", advice="Correct it."
            ) from None
        if found is not None and self._user in {"", found[0]}:
            self._user, self._netrc_password = found[0], found[2] or ""

    def header(self, method: str, target: str) -> str | None:
        """The Authorization for a request, as far as it is known before the server asked."""
        bearer = self._options.auth == "bearer" or (
            self._options.auth == "auto" and not self._token_in_headers
        )
        if bearer and (token := self._secret("token")):
            return f"Bearer {token}"
        password = self._password()
        if password is None:
            return None
        with self._lock:
            self._count += 1
            challenge, count = self._challenge, self._count
        if challenge is None:
            return self._basic(password) if self._options.auth == "basic" else None
        if challenge.scheme == "basic":
            return self._basic(password)
        own = secrets.token_hex(8)
        return answer(challenge, self._user, password, method, target, count, own)

    def own_headers(self) -> dict[str, str]:
        """The site's headers, the token put in where they ask for it. Raises AuthRequired."""
        if not self._token_in_headers:
            return dict(self._options.headers)
        token = self._secret("token")
        if not token:
            raise AuthRequired(self._endpoint, "its headers need a token", needs="token")
        return {name: value.replace(_TOKEN, token) for name, value in self._options.headers}

    def refused(self, headers: Headers, sent: str | None) -> None:
        """A 401 came. Returns when another attempt may be made; else raises what is needed.

        `sent` is the Authorization that went with the request. What was refused is set aside: a
        wrong password is not tried again by itself in this run (faults.md F6).
        """
        offered = challenges(headers.all("WWW-Authenticate"))
        usable = [one for one in offered if one.scheme in _SCHEMES[self._options.auth]]
        best = _best(usable)
        if sent is not None and not self._has_moved_on(best, sent):
            raise self._rejected(sent)
        if best is None:
            raise self._rejected("Bearer ") if self._token_in_headers else self._needed(offered)
        if best.scheme == "bearer" or self._password() is None:
            raise self._needed(offered)
        if not self._user:
            raise Denied(
                self._endpoint,
                "the server wants a user name and a password",
                advice="Write the name into the address: https://name@host/.",
            )
        with self._lock:
            self._challenge, self._count = best, 0

    def _has_moved_on(self, best: Challenge | None, sent: str) -> bool:
        """Whether a refusal says nothing against the password: the nonce was too old."""
        stale = best is not None and best.said.get("stale", "").lower() == "true"
        return stale and sent.startswith("Digest ")

    def _rejected(self, sent: str) -> ProviderError:
        needs: Secret = "token" if sent.startswith("Bearer ") else "password"
        self._access.secrets.forget(self._endpoint, needs)
        with self._lock:
            self._challenge, self._netrc_password = None, ""
        what = f"the {needs} was refused"
        return AuthRequired(self._endpoint, what, needs=needs, rejected=True)

    def _needed(self, offered: list[Challenge]) -> ProviderError:
        names = {one.scheme for one in offered}
        bearer = self._options.auth == "bearer" or names == {"bearer"}
        if not bearer and not names & {"basic", "digest"}:
            return Denied(
                self._endpoint,
                "the server wants a kind of sign-in that Wharfie does not know",
                advice="It knows basic, digest and bearer; a site may also add headers of its own.",
            )
        if self._options.auth == "none":
            return Denied(
                self._endpoint, "the server wants a sign-in", advice="The site says auth = “none”."
            )
        return AuthRequired(self._endpoint, needs="token" if bearer else "password")

    def _basic(self, password: str) -> str:
        pair = to_bytes(f"{self._user}:{password}")
        return "Basic " + base64.b64encode(pair).decode("ascii")

    def _password(self) -> str | None:
        return self._secret("password") or self._netrc_password or None

    def _secret(self, needs: Secret) -> str | None:
        return self._access.secrets.get(self._endpoint, needs)


def _wrong(error: netrc.NetrcParseError | OSError | UnicodeError) -> str:
    """What is wrong with a .netrc, without anything of it: that may be part of a password."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, UnicodeError):
        return "it is not UTF-8"
    if error.lineno is None:  # nothing was read yet
        return "it must belong to you, and nobody else may read it: run chmod 600 ~/.netrc"
    return f"line {error.lineno} is not understood; a password with spaces stands in quotes"


def _best(usable: list[Challenge]) -> Challenge | None:
    """Digest before basic, its strongest hash first: a password is better not sent."""
    digests = [one for one in usable if one.scheme == "digest" and can_answer(one)]
    digests.sort(key=lambda one: "SHA" in one.said.get("algorithm", "").upper(), reverse=True)
    others = [one for one in usable if one.scheme == "basic"]
    bearers = [one for one in usable if one.scheme == "bearer"]
    return next(iter(digests + others + bearers), None)
