"""Who asks, and the signature that proves it. The one file that knows botocore.

botocore finds the keys as AWS's own tools do (profiles, SSO, assumed roles, the machine's role) and
signs; it never sends a request to a bucket. It is imported when a place is first asked something:
it takes a third of a second. What it logs at DEBUG holds session tokens, so that is never written.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from providers.access import Access
from providers.errors import AuthRequired, Denied, ProviderError, Secret
from providers.records import dataclass, field
from providers.s3.options import Options
from providers.text import printable
from providers.web.calls import Call, asked_apart

T = TypeVar("T")
UNSIGNED = "UNSIGNED-PAYLOAD"
USUAL_REGION = "us-east-1"
_KEYS_SECONDS = 60.0  # for botocore to find keys: it may ask SSO, STS or the machine it runs on
_RENEW_SECONDS = 60.0  # botocore renews keys ten minutes and more before they end
_NO_KEYS = (
    "Give keys in a site or as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run “aws configure”, "
    "or set anonymous = “yes” in a site for public buckets."
)

_REFUSED: tuple[Secret, str, str] = (
    "password",
    "the keys were refused",
    "Give the secret key again, or correct the access key ID in the site.",
)
_EXPIRED: tuple[Secret, str, str] = (
    "token",
    "the session token has expired",
    "Get new temporary keys, and give them.",
)


@dataclass(frozen=True, slots=True)
class Keys:
    """A person's or role's keys. `given`: to Wharfie, so that it may ask for others."""

    access: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    given: bool = False
    until: float | None = None  # Unix seconds, where it is known that they end


class Signer:
    """Thread-safe; one for each provider."""

    def __init__(self, endpoint: str, options: Options, access: Access) -> None:
        self._endpoint = endpoint
        self._options = options
        self._access = access
        self._searching = threading.Lock()  # waited for by threads of `asked_apart` only
        self._found: Any = None  # botocore's credentials, which renew themselves
        self._asked: tuple[float, Keys] | None = None  # when it was last asked for keys
        self._region: str | None = options.region or None

    def keys(self, call: Call) -> Keys | None:
        """The keys to sign with; None: ask without. Raises AuthRequired, Denied, ConnectionLost."""
        if self._options.anonymous:
            return None
        if self._options.access_key_id:
            return self._given()
        asked = self._asked
        if asked is not None and time.monotonic() - asked[0] < _RENEW_SECONDS:
            return asked[1]
        known = self._botocore(self._frozen, call)
        self._asked = (time.monotonic(), known)
        return known

    def region(self, call: Call) -> str:
        """Where buckets are looked for first. Raises Denied, ConnectionLost."""
        if self._region is None:
            if self._options.endpoint_url:
                self._region = USUAL_REGION
            else:
                self._region = self._botocore(self._configured_region, call)
        return self._region

    def refuse(self, keys: Keys | None, *, token: bool) -> ProviderError | None:
        """What a refusal of `keys` asks of a person, where they were given to Wharfie.

        `token`: the session has expired.
        """
        if keys is None:
            return None
        if not keys.given:
            self._found = self._asked = None  # a person may have signed in anew since
            return None
        needs, what, advice = _EXPIRED if token else _REFUSED
        self._access.secrets.forget(self._endpoint, needs)
        return AuthRequired(self._endpoint, what, needs=needs, rejected=True, advice=advice)

    def _given(self) -> Keys:
        secret = self._access.secrets.get(self._endpoint, "password")
        if secret is None:
            raise AuthRequired(
                self._endpoint,
                f"the secret key of {printable(self._options.access_key_id)} is needed",
            )
        token = self._access.secrets.get(self._endpoint, "token") or None
        return Keys(self._options.access_key_id, secret, token, given=True)

    def _botocore(self, ask: Callable[[], T], call: Call) -> T:
        """What `ask` finds out, which may take as long as it likes. Raises Denied for whatever
        botocore raises, ConnectionLost when the call is ended."""
        try:
            return asked_apart(ask, call, _KEYS_SECONDS)
        except ProviderError:
            raise
        except TimeoutError as error:
            what = f"nothing gave AWS keys within {_KEYS_SECONDS:g} seconds"
            raise Denied(self._endpoint, what, advice=_NO_KEYS) from error
        except Exception as error:
            raise self._unusable(error) from error

    def _session(self) -> Any:
        import botocore.session

        _quiet()
        return botocore.session.Session(profile=self._options.profile or None)

    def _configured_region(self) -> str:
        return str(self._session().get_config_variable("region") or USUAL_REGION)

    def _frozen(self) -> Keys:
        with self._searching:
            found = self._found  # `refuse` may take it away at any time, and waits for nobody
            if found is None:
                found = self._found = self._session().get_credentials()
        if found is None:
            raise Denied(self._endpoint, "no AWS keys were found", advice=_NO_KEYS)
        frozen = found.get_frozen_credentials()
        ends = getattr(found, "_expiry_time", None)  # of temporary keys; told nowhere else
        until = None if ends is None else ends.timestamp()
        return Keys(frozen.access_key, frozen.secret_key, frozen.token, until=until)

    def _unusable(self, error: Exception) -> ProviderError:
        profile = self._options.profile or "default"
        return Denied(
            self._endpoint,
            f"the AWS keys of the profile “{printable(profile)}” cannot be had: "
            f"{printable(str(error)).rstrip('.')}",
            advice=f"Sign in again (“aws sso login --profile {printable(profile)}”), or check "
            "~/.aws/config.",
        )


def signed(
    method: str, url: str, headers: Mapping[str, str], sealed: str, keys: Keys, region: str
) -> dict[str, str]:
    """`headers` with a signature (SigV4). `url` is percent-encoded as it is sent.

    `sealed`: the SHA-256 of the body in hex, or UNSIGNED.
    """
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method=method, url=url, headers=dict(headers))
    credentials = Credentials(keys.access, keys.secret, keys.token)
    _sealing()(credentials, "s3", region, sealed).add_auth(request)
    return {str(name): str(value) for name, value in request.headers.items()}


def presigned(url: str, keys: Keys, region: str, seconds: int) -> str:
    """An address that reads what is at `url` for whoever has it (SigV4 in the query): a secret."""
    from botocore.auth import S3SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    _quiet()
    request = AWSRequest(method="GET", url=url)
    credentials = Credentials(keys.access, keys.secret, keys.token)
    S3SigV4QueryAuth(credentials, "s3", region, expires=seconds).add_auth(request)
    return str(request.url)


@cache
def _sealing() -> Callable[[Any, str, str, str], Any]:
    """botocore's signer for S3, told what the body is instead of reading it."""
    from botocore.auth import S3SigV4Auth

    class Sealing(S3SigV4Auth):  # type: ignore[misc]
        def __init__(self, credentials: Any, service: str, region: str, sealed: str) -> None:
            super().__init__(credentials, service, region)
            self._sealed = sealed

        def payload(self, request: object) -> str:
            return self._sealed

    _quiet()
    return Sealing


def _quiet() -> None:
    logging.getLogger("botocore").setLevel(logging.WARNING)
