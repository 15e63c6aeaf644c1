"""Access tokens: who may ask for what, until when, and those that have been revoked."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta

from providers.records import dataclass
from providers.sandbox.graph.clock import Clock
from providers.sandbox.graph.errors import GraphError
from providers.sandbox.graph.ids import Ids

SCOPES = ("Files.ReadWrite.All", "Sites.Read.All", "User.Read")
_CHALLENGE = (
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/'
    'authorize", client_id="00000003-0000-0000-c000-000000000000"'
)


@dataclass(slots=True)
class AccessToken:
    """`capable`: its client has said that it understands claims challenges (CP1).

    `after`: how many revocations had been when the person, or an answer to their challenge,
    proved this token anew.
    """

    value: str
    scopes: frozenset[str]
    app_only: bool
    expires: datetime
    capable: bool
    after: int

    def may(self, *needed: str) -> bool:
        return self.app_only or not self.scopes.isdisjoint(needed)


class Tokens:
    """`check` is the gate of the Graph listener."""

    def __init__(self, ids: Ids, clock: Clock) -> None:
        self._ids = ids
        self._clock = clock
        self._issued: dict[str, AccessToken] = {}
        self.revocations = 0
        self._challenges: dict[str, int] = {}  # the time asked for: which revocation

    def issue(
        self,
        scopes: frozenset[str],
        *,
        seconds: float,
        app_only: bool = False,
        capable: bool = False,
        after: int | None = None,
    ) -> AccessToken:
        """Known from now on. `after` is all the revocations there were, unless given."""
        token = AccessToken(
            value=f"EwB{self._ids.safe(300)}",
            scopes=scopes,
            app_only=app_only,
            expires=self._clock.now() + timedelta(seconds=seconds),
            capable=capable,
            after=self.revocations if after is None else after,
        )
        self._issued[token.value] = token
        return token

    def expire_all(self) -> None:
        for token in self._issued.values():
            token.expires = self._clock.now()

    def revoke_all(self) -> None:
        """Continuous access evaluation: only tokens of capable clients are refused at once."""
        self.revocations += 1
        at = str(int(self._clock.now().timestamp()) + self.revocations)
        self._challenges[at] = self.revocations

    def answered(self, claims: str, before: int) -> int:
        """How many revocations a request for a token with `claims` is proven anew after."""
        try:
            at = json.loads(claims)["access_token"]["nbf"]["value"]
        except (ValueError, KeyError, TypeError):
            return before
        return max(before, self._challenges.get(str(at), before))

    def check(self, header: str | None) -> AccessToken:
        """Raises GraphError 401, or with a claims challenge."""
        scheme, _, value = (header or "").partition(" ")
        if not value:
            raise _unauthorized("Access token is empty.")
        token = self._issued.get(value.strip())
        if scheme.lower() != "bearer" or token is None:
            raise _unauthorized("CompactToken parsing failed with error code: 80049217")
        if token.expires <= self._clock.now():
            raise _unauthorized("Lifetime validation failed, the token is expired.")
        if token.capable and token.after < self.revocations:
            raise self._challenged()
        return token

    def _challenged(self) -> GraphError:
        at = next(at for at, number in self._challenges.items() if number == self.revocations)
        claims = json.dumps({"access_token": {"nbf": {"essential": True, "value": at}}})
        packed = base64.b64encode(claims.encode()).decode("ascii")
        more = f', error="insufficient_claims", claims="{packed}"'
        message = (
            "Continuous access evaluation resulted in challenge with result: InteractionRequired"
        )
        return _unauthorized(message, more)


def _unauthorized(message: str, more: str = "") -> GraphError:
    challenge = {"WWW-Authenticate": _CHALLENGE + more}
    return GraphError(401, "InvalidAuthenticationToken", message, headers=challenge)
