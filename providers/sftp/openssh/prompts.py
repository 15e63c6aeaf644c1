"""What ssh asks, taken apart: whose secret it is about. Its own words, from version 8.7 on.

A server's questions (keyboard-interactive) always stand behind "(user@host) ", so that none can
pass for one about a key of this computer.
"""

from __future__ import annotations

import re
from typing import Literal

from providers.records import dataclass
from providers.text import printable

_PASSPHRASE = re.compile(r"Enter passphrase for (?:key )?'(.+)': ?", re.DOTALL)
_PIN = re.compile(r"Enter PIN .+", re.DOTALL)
_PASSWORD = re.compile(r"([^\s()]+@[^\s()]+)'s password: ?")
_QUESTION = re.compile(r"\(([^\s()]+@[^\s()]+)\) (.*)", re.DOTALL)
_HOST_KEY = "The authenticity of host "
_HOST = re.compile(r"The authenticity of host '([^']*)'")
_LONGEST = 100  # characters of a question

What = Literal["passphrase", "pin", "password", "question", "host key", "unknown"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """`who` is "user@host" of whoever asks, "" when this computer does; `subject` is the key file,
    the host or the question, all but the key file safe for a terminal."""

    what: What
    who: str = ""
    subject: str = ""


def parse(text: str) -> Prompt:
    if match := _PASSPHRASE.fullmatch(text):
        return Prompt("passphrase", subject=match[1])
    if _PIN.fullmatch(text):
        return Prompt("pin", subject=_shown(text))
    if match := _PASSWORD.fullmatch(text):
        return Prompt("password", match[1])
    if match := _QUESTION.fullmatch(text):
        return Prompt("question", match[1], _shown(match[2]))
    if text.startswith(_HOST_KEY):
        match = _HOST.match(text)
        return Prompt("host key", subject=_shown(match[1] if match else ""))
    return Prompt("unknown", subject=_shown(text))


def _shown(text: str) -> str:
    return printable(text.strip()[:_LONGEST])
