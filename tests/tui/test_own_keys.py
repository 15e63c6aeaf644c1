"""A person's own keys: presets, keys.toml, what is wrong in it, and that they act."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.app_case import make_app, read, text, until
from tui.key_presets import PRESETS, Preset
from tui.keys import KEYS, Key
from tui.own_keys import KeyMap, choose_preset, clashes, read_keys, with_preset
from tui.screens.help import HelpScreen
from tui.screens.prompt import PromptScreen
from tui.settings_file import BadSettings


def written(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "keys.toml"
    path.write_text(content)
    return path


def key(keys: KeyMap, name: str) -> Key:
    return next(each for each in keys.keys if each.name == name)


@pytest.mark.parametrize("preset", Preset)
def test_a_preset_names_known_actions_and_no_key_is_for_two(preset: Preset) -> None:
    names = {each.name for each in KEYS}
    assert set(PRESETS[preset]) <= names
    assert clashes(with_preset(KEYS, preset), PRESETS[preset]) == []


@pytest.mark.parametrize("preset", Preset)
def test_in_every_preset_each_action_has_a_key(preset: Preset) -> None:
    assert [each.name for each in with_preset(KEYS, preset) if not each.keys] == []


def test_without_a_file_the_keys_are_those_of_the_table(tmp_path: Path) -> None:
    assert read_keys(tmp_path / "keys.toml") == KeyMap()
    assert KeyMap().changed == {}


def test_own_keys_go_on_top_of_a_preset(tmp_path: Path) -> None:
    keys = read_keys(written(tmp_path, 'preset = "vim"\n[keys]\ncopy = ["f5", "Y"]\nlink = []\n'))
    assert keys.complaints == ()
    assert key(keys, "copy").keys == "f5,Y"
    assert key(keys, "delete").keys == PRESETS[Preset.VIM]["delete"]
    assert key(keys, "link").keys == ""
    assert keys.changed["link"] == "none-link"


def test_a_key_for_two_actions_is_told_and_neither_changes(tmp_path: Path) -> None:
    keys = read_keys(written(tmp_path, '[keys]\ncopy = ["m"]\nrename = ["f2", "R2"]\n'))
    assert keys.complaints == (
        'keys.toml: "m" is for copy and for move: give one of them another key',
    )
    assert key(keys, "copy").keys == "f5,c,5"
    assert key(keys, "rename").keys == "f2,R2"


def test_two_actions_may_change_places(tmp_path: Path) -> None:
    keys = read_keys(written(tmp_path, '[keys]\ncopy = ["m"]\nmove = ["c"]\n'))
    assert keys.complaints == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('preset = "emacs"', "preset must be one of"),
        ("keys = 3", "[keys] must be a table"),
        ('[keys]\ncoppy = ["c"]', "do you mean 'copy'?"),
        ("[keys]\ncopy = 5", "must read like"),
        ('[keys]\ncopy = ["a b"]', "must read like"),
        ('[keys]\ncopy = ["escape"]', "always leads out"),
    ],
)
def test_what_cannot_be_used_is_told_and_left_out(tmp_path: Path, content: str, said: str) -> None:
    keys = read_keys(written(tmp_path, content))
    (complaint,) = keys.complaints
    assert said in complaint
    assert keys.keys == KEYS


def test_what_is_no_toml_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"keys\.toml"):
        read_keys(written(tmp_path, "[keys"))


def test_a_preset_is_chosen_and_the_rest_of_the_file_stays(tmp_path: Path) -> None:
    path = written(tmp_path, '# mine\n[keys]\ncopy = ["Y"]\n')
    choose_preset(path, Preset.MC)
    assert "# mine" in path.read_text()
    assert read_keys(path).preset is Preset.MC
    assert key(read_keys(path), "copy").keys == "Y"


async def test_own_keys_act_and_stand_in_the_key_bar_and_the_help(tmp_path: Path) -> None:
    keys = read_keys(written(tmp_path, '[keys]\nnew_folder = ["ctrl+n"]\nhelp = ["f12"]\n'))
    app = make_app(tmp_path, tmp_path, key_map=keys)
    async with app.run_test(size=(130, 30)) as pilot:
        await read(pilot)
        assert "Ctrl+N Mkdir" in text(app)
        await pilot.press("f7")
        assert not isinstance(app.screen, PromptScreen)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, PromptScreen))
        await pilot.press("escape", "f12")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "F12" in text(app)


async def test_a_clash_is_told_at_the_start(tmp_path: Path) -> None:
    keys = read_keys(written(tmp_path, '[keys]\ncopy = ["m"]\n'))
    app = make_app(tmp_path, tmp_path, key_map=keys)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "give one of them another key" in text(app))


@pytest.mark.parametrize(
    ("preset", "presses", "said"),
    [
        (Preset.VIM, ("ctrl+y",), "Both panes go up and down together. Ctrl+Y ends it."),
        (Preset.MC, ("alt+k",), "Alt+K again lets go"),
        (
            Preset.FILEZILLA,
            ("end", "enter"),
            "“file” is not a folder. v looks into it, c copies it.",
        ),
        (Preset.FILEZILLA, (), "Mark files and press c, or drag them"),
    ],
)
async def test_a_sentence_names_the_keys_that_hold(
    tmp_path: Path, preset: Preset, presses: tuple[str, ...], said: str
) -> None:
    (tmp_path / "file").touch()
    keys = KeyMap(with_preset(KEYS, preset), preset)
    app = make_app(tmp_path, tmp_path, key_map=keys)
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await pilot.press(*presses)
        await until(pilot, lambda: said in text(app))


def test_a_sentence_names_an_action_without_a_key_by_its_label(tmp_path: Path) -> None:
    keys = read_keys(written(tmp_path, 'preset = "termscp"\n[keys]\nlink = []\n'))
    assert keys.named("undo") != "u"  # that is the folder above
    assert keys.named("link") == "“Link”"
