"""A person who signs in on a page that a test plays: each attempt does what it is told."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from providers.errors import ConnectionLost, Denied, ProviderError
from providers.person_sign_in import DeviceCode, PersonSignIn, SignedIn

PAGE = "https://login.example/device"


@dataclass
class OneAttempt:
    """Waits until it is told how it ends."""

    code: DeviceCode
    browser: bool = True
    begun: bool = False
    in_a_browser: bool = False
    cancelled: bool = False
    refuses: ProviderError | None = None
    gate: threading.Event | None = None

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._result: SignedIn | ProviderError | None = None

    def begin(self) -> DeviceCode:
        self.begun = True
        assert self.gate is None or self.gate.wait(30)
        if self.refuses is not None:
            raise self.refuses
        return self.code

    def wait(self) -> SignedIn:
        assert self._ended.wait(30)
        if isinstance(self._result, SignedIn):
            return self._result
        raise self._result or ConnectionLost("", "cancelled")

    def in_browser(self) -> SignedIn:
        self.in_a_browser = True
        return self.wait()

    def cancel(self) -> None:
        self.cancelled = True
        self._ended.set()

    def forget(self) -> None:
        raise NotImplementedError

    def ends(self, result: SignedIn | ProviderError) -> None:
        self._result = result
        self._ended.set()


class FakeAttempt:
    """Makes them; `made` are those so far. `gate` and `made_late` can be held back by a test."""

    def __init__(self, code: str = "ABCD-EFGH", *, seconds: float = 900.0) -> None:
        self.made: list[OneAttempt] = []
        self.refuses: ProviderError | None = None
        self.gate, self.made_late = threading.Event(), threading.Event()
        self.gate.set()
        self.made_late.set()
        self.making = False
        self._code = code
        self._seconds = seconds

    def __call__(self) -> PersonSignIn:
        self.making = True
        assert self.made_late.wait(30)
        code = DeviceCode(f"{self._code}{len(self.made) or ''}", PAGE, self._seconds)
        self.made.append(OneAttempt(code, refuses=self.refuses, gate=self.gate))
        return self.made[-1]


DECLINED = Denied("", "the sign-in was declined")
