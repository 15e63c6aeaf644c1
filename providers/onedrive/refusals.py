"""What a refusal of the login server means, and what a person can do about it (RFC 6749 5.2, RFC
8628 3.5, and Microsoft's AADSTS numbers)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from providers.errors import AuthRequired, Denied, ProviderError, Throttled
from providers.onedrive.options import Options
from providers.text import printable

_NUMBER = re.compile(r"AADSTS(\d+)")
_ANEW = frozenset({"invalid_grant", "interaction_required", "login_required", "consent_required"})
_SOON = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_LONGEST = 200  # letters of the server's own words

_ADVICE: Mapping[str, str] = {  # by AADSTS number
    "700016": "Check client_id and tenant: this app is not registered there.",
    "90002": "Check the tenant.",
    "50020": "This account does not belong to the tenant: check the tenant.",
    "50194": "The app is for one tenant: give that tenant's ID in the site.",
    "65001": "Somebody, or an administrator, has to allow this app once.",
    "7000218": "Turn “Allow public client flows” on in the app's registration.",
    "9002331": "The app is for personal accounts only: set the site's tenant to consumers.",
    "9002313": "Check client_id and tenant.",
    "500113": "Add the redirect http://localhost (Mobile and desktop) to the app's registration.",
    "50011": "Add the redirect http://localhost (Mobile and desktop) to the app's registration.",
    "53003": "A rule of the organization forbids it; ask its administrator.",
}


def refusal(answer: Mapping[str, Any], endpoint: str, options: Options) -> ProviderError:
    """The error that an answer without a token is."""
    error = str(answer.get("error", ""))
    if error in _SOON:
        what = "the login server cannot answer at the moment"
        return Throttled(endpoint, what, retry_after=None, endpoint=endpoint)
    if error == "invalid_client" and options.sign_in == "secret":
        return AuthRequired(
            endpoint,
            f"the app's secret was refused: {_told(answer)}",
            rejected=True,
            advice="Secrets of apps expire: make a new one in its registration, and give it.",
        )
    if error in _ANEW and not options.app_only:
        return sign_in_needed(endpoint, f"sign in again: {_told(answer)}")
    if error == "authorization_declined" or error == "access_denied":
        return Denied(endpoint, "the sign-in was declined", advice="Try again and allow it.")
    if error == "expired_token" or error == "bad_verification_code":
        return Denied(endpoint, "the code has expired", advice="Get a new one.")
    return Denied(endpoint, f"the sign-in was refused: {_told(answer)}", advice=_advice(answer))


def sign_in_needed(endpoint: str, what: str) -> AuthRequired:
    """A person has to sign in on a page of Microsoft's."""
    name = printable(endpoint.partition("#")[2] or endpoint)
    advice = f"“wharfie login {name}” signs in."
    return AuthRequired(endpoint, what, needs="sign-in", advice=advice)


def _told(answer: Mapping[str, Any]) -> str:
    """The first line of the server's words: behind it stand numbers for its makers."""
    lines = str(answer.get("error_description") or answer.get("error") or "").splitlines()
    return printable(lines[0][:_LONGEST]).rstrip(".") if lines else "it does not say why"


def _advice(answer: Mapping[str, Any]) -> str:
    found = _NUMBER.search(str(answer.get("error_description", "")))
    return _ADVICE.get(found[1] if found else "", "Check client_id, tenant and account.")
