"""Signing in where nothing is typed here: a person does it on a page of the service. Data and a
protocol, no logic; `registry.sign_in` gives one for an endpoint whose site is opened like that.

What a place said (`AuthRequired` with needs="sign-in") is settled once `wait` or `in_browser` has
returned: the sign-in is among the secrets by then, and kept where those are.
"""

from __future__ import annotations

from typing import Protocol

from providers.records import dataclass, field


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A code to type at `url` within `seconds`. Whoever sees it can sign in as themselves only, but
    whoever types it lets us in: it is shown to the person in front of the screen, and never logged.

    `url` is printable ASCII and https, or of this computer.
    """

    code: str = field(repr=False)
    url: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`account` is untrusted text. `remark`: a sentence where it could not be kept, else ""."""

    account: str
    remark: str = ""


class PersonSignIn(Protocol):
    """One attempt. Blocking: each call in a thread; `cancel` from any other."""

    @property
    def browser(self) -> bool:
        """Whether this computer seems to have a browser in front of the same person."""
        ...

    def begin(self) -> DeviceCode:
        """Ask for a code. Raises ProviderError."""
        ...

    def wait(self) -> SignedIn:
        """Return once the person has signed in with the code that `begin` gave.

        Raises Denied when they declined, or let the time pass; ConnectionLost when cancelled.
        """
        ...

    def in_browser(self) -> SignedIn:
        """Open a page in the browser of this computer instead. Raises as `wait`."""
        ...

    def cancel(self) -> None:
        """End what is under way, and whatever comes later. Never blocks."""
        ...

    def forget(self) -> None:
        """Drop what was kept of a sign-in before. Raises ProviderError."""
        ...
