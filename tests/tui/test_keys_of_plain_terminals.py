"""What a terminal without the Kitty keyboard protocol sends: some keys never arrive as themselves.

Alt with a letter is Esc and that letter. Of Alt with anything else Textual 8.2 makes another key.
"""

from __future__ import annotations

import re

import pytest

from tui.key_presets import Preset
from tui.keys import KEYS, Key
from tui.own_keys import with_preset

_LOST = re.compile(r"alt\+(?![a-z]$|f[0-9]|left$|right$|up$|down$).*")
"""Alt+Backspace arrives as Ctrl+W, Alt+Enter as Enter, Alt+, as a comma."""


def _arrives(key: str) -> bool:
    return not _LOST.fullmatch(key)


@pytest.mark.parametrize("preset", Preset)
def test_each_action_has_a_key_that_every_terminal_sends(preset: Preset) -> None:
    def unreachable(key: Key) -> bool:
        return not any(_arrives(each) for each in key.keys.split(","))

    assert [key.name for key in with_preset(KEYS, preset) if unreachable(key)] == []
