"""keys.toml: which keys a person wants, on top of a preset.

    preset = "vim"

    [keys]
    copy = ["f5", "Y"]
    delete = []          # no key at all

Keys are named as Textual names them: "f5", "c", "C", "ctrl+r", "alt+enter", "space", "pageup".
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from providers.records import dataclass, replace
from tui.key_map import shown_keys
from tui.key_presets import PRESETS, Preset
from tui.keys import KEYS, Key, Where
from tui.settings_file import read_toml, write_toml

_TOGETHER = ((Where.LIST, Where.PANE, Where.SCREEN), (Where.JOBS, Where.PANEL, Where.SCREEN))
_COMMA = "comma"  # as Textual names ",", which parts its keys
_KEPT = {"escape", "ctrl+q"}  # the ways out of everything


@dataclass(frozen=True, slots=True)
class KeyMap:
    """The keys that hold. `complaints`: sentences about what was written and is not heeded."""

    keys: tuple[Key, ...] = KEYS
    preset: Preset = Preset.DEFAULT
    complaints: tuple[str, ...] = ()

    def named(self, name: str) -> str:
        """How a sentence names an action: by its first key, by its label where it has none."""
        key = next(key for key in self.keys if key.name == name)
        return next(iter(shown_keys(key.keys)), f"“{key.label}”")

    @property
    def changed(self) -> dict[str, str]:
        """What differs from the table, by name; an action without a key has one nobody presses."""
        usual = {key.name: key.keys for key in KEYS}
        return {
            key.name: key.keys or f"none-{key.name}"
            for key in self.keys
            if key.keys != usual[key.name]
        }


def read_keys(path: Path) -> KeyMap:
    """The map that `path` describes. Raises BadSettings where it is no TOML."""
    document = read_toml(path).unwrap()
    complaints: list[str] = []
    preset = _preset(document.get("preset", Preset.DEFAULT.value), complaints)
    own = _own(document.get("keys", {}), complaints)
    keys = with_own(with_preset(KEYS, preset), own, complaints)
    return KeyMap(keys, preset, tuple(f"{path.name}: {each}" for each in complaints))


def choose_preset(path: Path, preset: Preset) -> None:
    """Have `path` name `preset`, the rest of it as it was. Raises BadSettings."""
    document = read_toml(path)
    document["preset"] = preset.value
    write_toml(path, document)


def with_preset(keys: Sequence[Key], preset: Preset) -> tuple[Key, ...]:
    """`keys`, those changed that `preset` has its own for."""
    return _changed(keys, PRESETS[preset])


def with_own(
    keys: Sequence[Key], own: Mapping[str, Sequence[str]], complaints: list[str]
) -> tuple[Key, ...]:
    """`keys`, those changed that `own` has others for: none at all while two clash."""
    changed = _changed(keys, {name: ",".join(each) for name, each in own.items()})
    clashing = clashes(changed, set(own))
    complaints.extend(
        f'"{key}" is for {first} and for {second}: give one of them another key'
        for key, first, second in clashing
    )
    if not clashing:
        return changed
    bad = {name for _, first, second in clashing for name in (first, second)}
    left = {name: each for name, each in own.items() if name not in bad}
    return with_own(keys, left, complaints) if len(left) < len(own) else tuple(keys)


def clashes(keys: Sequence[Key], among: Iterable[str]) -> list[tuple[str, str, str]]:
    """Keys that two actions have which may act at once, one of them in `among`: key and both."""
    names = set(among)
    found: dict[tuple[str, str, str], None] = {}
    for together in _TOGETHER:
        taken: dict[str, Key] = {}
        for key in (key for key in keys if key.where in together):
            for each in filter(None, key.keys.split(",")):
                other = taken.setdefault(each, key)
                if other is not key and {key.name, other.name} & names:
                    found[each, other.name, key.name] = None
    return list(found)


def _changed(keys: Sequence[Key], changes: Mapping[str, str]) -> tuple[Key, ...]:
    return tuple(replace(key, keys=changes.get(key.name, key.keys)) for key in keys)


def _preset(said: Any, complaints: list[str]) -> Preset:
    try:
        return Preset(said)
    except ValueError:
        known = ", ".join(f'"{each}"' for each in Preset)
        complaints.append(f"preset must be one of {known}")
        return Preset.DEFAULT


def _own(said: Any, complaints: list[str]) -> dict[str, list[str]]:
    """What of [keys] can be used."""
    if not isinstance(said, dict):
        complaints.append("[keys] must be a table")
        return {}
    own: dict[str, list[str]] = {}
    for name, keys in said.items():
        if wrong := _wrong(name, keys):
            complaints.append(wrong)
        else:
            own[name] = [_COMMA if key == "," else key for key in _listed(keys)]
    return own


def _wrong(name: str, keys: Any) -> str:
    known = [key.name for key in KEYS]
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        return f"there is no action {name!r}" + (f"; do you mean {near[0]!r}?" if near else "")
    each = _listed(keys)
    if not isinstance(each, list) or not all(_is_key(key) for key in each):
        return f'the keys of {name} must read like ["f5", "ctrl+c"]'
    if taken := _KEPT & set(each):
        return f'"{min(taken)}" always leads out, and cannot be for {name}'
    return ""


def _listed(keys: Any) -> Any:
    return [keys] if isinstance(keys, str) else keys


def _is_key(key: Any) -> bool:
    return isinstance(key, str) and bool(key) and (key == "," or not set(key) & set(", \t\n"))
