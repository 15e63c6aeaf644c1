"""Key maps for fingers that learned elsewhere: what differs from `tui.keys`, by action.

Every action keeps a key in each of them that any terminal sends (Alt with a letter, not with a
sign, Enter or Backspace), and the F-keys of the default stay unless a program they follow has
another use for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Preset(StrEnum):
    """Which habits the keys follow."""

    DEFAULT = "default"
    VIM = "vim"
    MC = "mc"
    TERMSCP = "termscp"
    FILEZILLA = "filezilla"


_VIM = {
    "view": "f3,V,3",
    "copy": "y,f5,5",
    "move": "x,f6,6",
    "delete": "d,f8,delete,8",
    "new_folder": "a,f7,7",
    "mark": "space,v,insert",
    "page_up": "ctrl+b,pageup",
    "page_down": "ctrl+f,pagedown",
    "swap": "ctrl+x",
    "synchronise": "ctrl+y",
    "new_file": "o,n",
    "history_back": "ctrl+o,<,alt+left",
}
_MC = {
    "help": "f1,1",
    "rename": "shift+f6,f2,2",
    "edit": "f4,4",
    "view": "f3,3",
    "copy": "f5,5",
    "move": "f6,6",
    "quit": "f10,0",
    "mark": "insert,ctrl+t",
    "mark_all": "ctrl+a",
    "filter": "alt+f,/",
    "hidden": "alt+.,ctrl+k",
    "same": "alt+i",
    "go_to": "alt+c",
    "connect": "f9,9",
    "properties": "alt+enter,ctrl+e",
    "versions": "alt+v",
    "deleted_files": "alt+d",
    "link": "alt+p",
    "uploads": "alt+o",
    "transfers": "alt+j",
    "sort": "alt+1,ctrl+s",
    "reverse": "alt+r",
    "up": "up",
    "down": "down",
    "top": "home",
    "bottom": "end",
    "open": "enter,right",
    "parent": "ctrl+pageup,backspace,left",
    "palette": "ctrl+p,alt+x",
    "settings": "alt+comma,alt+e",
    "new_tab": "alt+t",
    "keep_marks": "alt+k",
    "unmark_all": "alt+a",
    "jump": "alt+s",
    "bookmarks": "ctrl+backslash,alt+b",
    "synchronise": "alt+g",
    "new_file": "shift+f4",
    "new_link": "alt+n",
    "permissions": "alt+m",
    "usage": "alt+w",
    "undo": "alt+z",
    "find": "alt+?,alt+f7",
    "natural": "alt+#,ctrl+n",
    "history_back": "alt+y,alt+left",
    "history_forward": "alt+u,alt+right",
    "close_tab": "alt+q",
    "previous_tab": "alt+h",
    "next_tab": "alt+l",
}
_TERMSCP = {
    "copy": "space,f5,5",
    "mark": "m,insert",
    "move": "f6,6",
    "rename": "r,R,f2,2",
    "edit": "o,O,f4,4",
    "view": "v,V,f3,3",
    "delete": "e,E,f8,delete,8",
    "new_folder": "d,D,f7,7",
    "refresh": "L,ctrl+r",
    "link": "ctrl+l",
    "properties": "i,I,alt+enter",
    "hidden": "a,A,.",
    "sort": "b,B,s",
    "reverse": "alt+r",
    "go_to": "g,ctrl+g",
    "top": "home",
    "parent": "u,U,backspace,left,h",
    "uploads": "alt+u",
    "keep_marks": "ctrl+k",
    "unmark_all": "ctrl+n",
    "bookmarks": "ctrl+b",
    "jump": "alt+f",
    "synchronise": "y,Y",
    "usage": "alt+w",
    "undo": "ctrl+x,alt+backspace",
    "permissions": "Z,M",
    "find": "F,alt+f7",
    "versions": "z",
    "deleted_files": "alt+z",
    "transfers": "w",
}
_FILEZILLA = {
    "rename": "f2,r,2",
    "refresh": "f5,ctrl+r",
    "copy": "c,5",
    "new_folder": "f7,7",
    "filter": "/,ctrl+f",
    "parent": "alt+up,backspace,left,h",
    "connect": "ctrl+s,f9,S,9",
    "find": "f3,F,alt+f7",
    "view": "v,3",
    "bookmarks": "b,ctrl+b",
    "synchronise": "ctrl+y,y",
}
PRESETS: Mapping[Preset, Mapping[str, str]] = {
    Preset.DEFAULT: {},
    Preset.VIM: _VIM,
    Preset.MC: _MC,
    Preset.TERMSCP: _TERMSCP,
    Preset.FILEZILLA: _FILEZILLA,
}
