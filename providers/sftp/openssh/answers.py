"""Answers to what ssh asks, from the secrets a person gave; what is missing becomes their question.

As in `providers.sftp.prompts` nothing is guessed, a code is given once, and what is asked for a
second time was refused: it is forgotten, and ssh is ended before it tries once more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from providers import location
from providers.access import Access
from providers.errors import AuthRequired, Denied, ProviderError, Secret
from providers.sftp.held import Person
from providers.sftp.openssh.host_key import HostKey
from providers.sftp.openssh.prompts import Prompt, parse
from providers.sftp.prompts import is_password
from providers.sftp.target import Target, configured, target
from providers.text import printable, to_bytes

_Secret: TypeAlias = tuple[str, Secret, str]  # endpoint, what it is, its subject
_LONGEST = 1022  # bytes of an answer, by its readpass.c
_CUT = re.compile(r"[\r\n\0]")
_AGAIN = "Give it when you connect: each new connection asks again."


class Answers:
    """Of one connection. `error` is why it was ended with `end`; `given` what was answered."""

    def __init__(
        self, said: Target, access: Access, end: Callable[[], None], person: Person
    ) -> None:
        self.error: ProviderError | None = None
        self.given: list[_Secret] = []
        self.host_key = HostKey(said, access)
        self._said = said
        self._access = access
        self._end = end
        self._person = person
        self._asked = 0

    def reply(self, words: Sequence[str]) -> str | None:
        """See `questions.Reply`."""
        try:
            kind, *rest = words
            if self.error is not None:
                return None
            return self.host_key.lines(rest) if kind == "host-key" else self._answer(rest[0])
        except ProviderError as error:
            self.error = error
            self._end()  # before ssh takes no answer for an empty one, and sends that
            return None

    def _answer(self, text: str) -> str:
        prompt = parse(text)
        wanted = self._wanted(prompt)
        endpoint, needs, subject = wanted
        if wanted in self.given:
            raise self.refused()
        while (secret := self._access.secrets.get(endpoint, needs, subject)) is None:
            missing = self._missing(wanted, prompt)
            if not self._person.is_asked(missing):
                raise missing
        if len(to_bytes(secret)) > _LONGEST or _CUT.search(secret):
            raise Denied(
                endpoint,
                f"ssh takes no {needs} with a line break or of more than {_LONGEST} bytes",
                advice="Take “transport” out of the site, or use a key.",
            )
        if needs == "code":
            self._access.secrets.forget(endpoint, "code", subject)
        self.given.append(wanted)
        return secret

    def _wanted(self, prompt: Prompt) -> _Secret:
        """Raises Denied for what nobody here can answer."""
        if prompt.what == "passphrase":
            return (self._said.endpoint, "passphrase", prompt.subject)
        if prompt.what == "pin":
            return (self._said.endpoint, "code", prompt.subject)
        if prompt.what == "host key":
            raise self._stranger(prompt.subject)
        if prompt.what == "unknown":
            raise Denied(
                self._said.endpoint,
                f"ssh asks what cannot be answered here: “{prompt.subject}”",
                advice="Connect once with ssh in a terminal.",
            )
        self._asked += 1
        endpoint = self._endpoint(prompt.who)
        if prompt.what == "password" or is_password(prompt.subject, first=self._asked == 1):
            return (endpoint, "password", "")
        return (endpoint, "code", prompt.subject)

    def _stranger(self, host: str) -> Denied:
        """Only of servers on the way ssh asks itself: of the last one it asks for the key."""
        return Denied(
            self._said.endpoint,
            f"the host key of {host or 'a server'}, on the way there, is not known yet",
            advice="Connect to that one with ssh in a terminal, and compare its fingerprint.",
        )

    def _endpoint(self, who: str) -> str:
        """Whose secret it is: the server's own, or that of one on the way (ProxyJump).

        ssh may know the server by another name than we do (Match exec).
        """
        if self.host_key.shown or who == _called(self._said):
            return self._said.endpoint
        for hop in filter(None, self._said.options.jump.split(",")):
            address = location.endpoint("sftp", hop.strip().removeprefix("ssh://"))
            if _called(configured(target(address), self._access)) == who:
                return address
        return location.endpoint("sftp", who)

    def _missing(self, wanted: _Secret, prompt: Prompt) -> AuthRequired:
        endpoint, needs, subject = wanted
        if needs == "passphrase":
            what, advice = f"the key {printable(subject)} needs its passphrase", None
        elif needs == "code":
            who = "your security key" if prompt.what == "pin" else "the server"
            what, advice = f"{who} asks “{subject}”", _AGAIN
        else:
            who = prompt.who.rpartition("@")[0]
            what, advice = f"{printable(who)} needs a password", None
        return AuthRequired(endpoint, what, needs=needs, subject=subject, advice=advice)

    def turned_away(self) -> AuthRequired | None:
        """The same when ssh gave up; None: what was answered last opened a key, and it did."""
        return self.refused() if self.given and self.given[-1][1] != "passphrase" else None

    def refused(self) -> AuthRequired:
        """What to ask anew once the last answer was refused; an earlier one was right."""
        endpoint, needs, subject = self.given[-1]
        self._access.secrets.forget(endpoint, needs, subject)
        what = {
            "password": "the password was refused",
            "passphrase": f"the passphrase is wrong ({printable(subject)})",
        }.get(needs, f"the answer to “{subject}” was refused")
        advice = _AGAIN if needs == "code" else "Check the user name and type it again."
        return AuthRequired(
            endpoint, what, needs=needs, subject=subject, rejected=True, advice=advice
        )


def _called(to: Target) -> str:
    """As ssh names it when it asks."""
    return f"{to.user}@{to.options.host_key_alias.lower() or to.host}"
