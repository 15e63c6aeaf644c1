"""The colours a person may choose from."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import App
from textual.theme import BUILTIN_THEMES, Theme

from tui.choices import Look

_DARK = Theme(
    name="harbour",
    primary="#6cb6d9",
    secondary="#7d92b5",
    accent="#e3b566",
    warning="#e3b566",
    error="#e5786d",
    success="#84c28a",
    foreground="#d5dce6",
    background="#10151c",
    surface="#161d26",
    panel="#202a36",
    dark=True,
)
_LIGHT = Theme(
    name="harbour-light",
    primary="#0f6a96",
    secondary="#56688a",
    accent="#96600a",
    warning="#96600a",
    error="#b3362a",
    success="#2c7237",
    foreground="#1c2530",
    background="#fbfbf8",
    surface="#f0f1ee",
    panel="#dfe3e6",
    dark=False,
)
_CONTRAST = Theme(
    name="harbour-contrast",
    primary="#ffff00",
    secondary="#ffffff",
    accent="#00ffff",
    warning="#ffff00",
    error="#ff8080",
    success="#00ff00",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#303030",
    dark=True,
    variables={"text-muted": "#ffffff", "text-disabled": "#e0e0e0", "primary-muted": "#606000"},
)
_THEMES: Mapping[Look, Theme] = {
    Look.DARK: _DARK,
    Look.LIGHT: _LIGHT,
    Look.ANSI: BUILTIN_THEMES["ansi-dark"],
    Look.CONTRAST: _CONTRAST,
}


def register(app: App[None]) -> None:
    """Make the themes known to `app`."""
    for theme in _THEMES.values():
        app.register_theme(theme)


def theme_of(look: Look, environ: Mapping[str, str]) -> str:
    """The name of the theme to start with: where colours are unwanted (no-color.org), the
    terminal's own; what TEXTUAL_THEME says goes before what was chosen."""
    if environ.get("NO_COLOR"):
        return _THEMES[Look.ANSI].name
    return environ.get("TEXTUAL_THEME") or _THEMES[look].name


def theme_name(look: Look) -> str:
    return _THEMES[look].name
