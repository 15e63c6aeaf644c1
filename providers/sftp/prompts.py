"""Questions a server asks while someone signs in (keyboard-interactive, RFC 4256): a password, a
code, or several in turn.

What is not at hand is not guessed: a person is asked while the server waits, else it is left
without an answer.
A code is given once, for a second time it would be refused (RFC 6238, 5.2), and never kept.
"""

from __future__ import annotations

import re

import paramiko

from providers.access import Access
from providers.errors import AuthRequired, Secret
from providers.sftp.held import Asks, Person
from providers.sftp.target import Target
from providers.text import printable

_CODE = re.compile(r"\b(code|token|otp|one-time|verification|pin|2fa|duo|factor)\b", re.IGNORECASE)
_PASSWORD = re.compile(r"password|passwort|passcode for|mot de passe|contraseña", re.IGNORECASE)
_LONGEST = 100  # characters of a question


def is_password(question: str, *, first: bool) -> bool:
    """Whether a question whose answer is hidden wants the password; `first` of its attempt."""
    if _CODE.search(question):
        return False
    return first or _PASSWORD.search(question) is not None


class Unanswered(paramiko.SSHException):
    """Ends the connection in the middle of a question that only a person can answer."""


class Answers:
    """What the questions of one attempt are answered with. `missing`: what there is no answer to.

    Use: give it to `auth_interactive`; after a refusal ask `refused` why. `asks` is a wire's.
    """

    def __init__(self, to: Target, access: Access, asks: Asks) -> None:
        self.person = Person(asks)
        self.asked = 0
        self.missing: AuthRequired | None = None
        self._to = to
        self._access = access
        self._round = 0
        self._password_in = 0  # the round it was given in
        self._used: list[str] = []  # the questions of this round that codes were given to
        self._code = (0, "")  # that of the last code, and its question

    def __call__(self, title: str, told: str, questions: list[tuple[str, bool]]) -> list[str]:
        """Raises Unanswered; then none of the round was sent, and what is at hand is kept."""
        self._round += 1
        self._used = []
        answers = [self._answer(question, shown=shown) for question, shown in questions]
        for question in self._used:
            self._access.secrets.forget(self._to.endpoint, "code", question)
        return answers

    def _answer(self, question: str, *, shown: bool) -> str:
        self.asked += 1
        text = printable(question.strip()[:_LONGEST])
        if not shown and is_password(question, first=self.asked == 1):
            return self._password()
        missing = self._ask_code(f"the server asks “{text}”", text)
        code = self._given("code", text, missing)
        self._used.append(text)
        self._code = (self._round, text)
        return code

    def _password(self) -> str:
        what = f"{printable(self._to.user)} needs a password"
        missing = AuthRequired(self._to.endpoint, what)
        if self._password_in:
            raise self._without(missing)
        password = self._given("password", "", missing)
        self._password_in = self._round
        return password

    def _given(self, needs: Secret, subject: str, missing: AuthRequired) -> str:
        """The secret, once a person gave it. Raises Unanswered."""
        while (secret := self._access.secrets.get(self._to.endpoint, needs, subject)) is None:
            if not self.person.is_asked(missing):
                raise self._without(missing)
        return secret

    def _without(self, missing: AuthRequired) -> Unanswered:
        self.missing = missing
        return Unanswered(missing.what)

    def _ask_code(self, what: str, question: str, *, rejected: bool = False) -> AuthRequired:
        return AuthRequired(
            self._to.endpoint,
            what,
            needs="code",
            subject=question,
            rejected=rejected,
            advice="Give it when you connect: each new connection asks again.",
        )

    def refused(self) -> AuthRequired:
        """What to ask anew. A password is kept when a later question came: then it was right."""
        at, question = self._code
        if at and at != self._password_in:
            return self._ask_code(
                f"the answer to “{question}” was refused", question, rejected=True
            )
        self._access.secrets.forget(self._to.endpoint, "password")
        return password_refused(self._to)


def password_refused(to: Target) -> AuthRequired:
    return AuthRequired(
        to.endpoint,
        "the password was refused",
        rejected=True,
        advice="Check the user name and type the password again.",
    )
