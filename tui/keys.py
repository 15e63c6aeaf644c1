"""Every action with its keys, as data: bindings, key bar, help and settings are made from it."""

from __future__ import annotations

from enum import StrEnum

from providers.records import dataclass


class Where(StrEnum):
    """Which part of the screen must hold the focus for a key to act."""

    LIST = "list"
    PANE = "pane"
    SCREEN = "screen"
    PANEL = "panel"
    JOBS = "jobs"  # the list in the panel


class Group(StrEnum):
    """The chapters of the help screen, in their order."""

    MOVE = "Moving"
    MARK = "Marking"
    FILES = "Files"
    PLACES = "Places"
    VIEW = "View"
    REST = "Wharfie"
    QUEUE = "Transfers (while they have the focus)"


@dataclass(frozen=True, slots=True)
class Key:
    """One action. `name` is what settings call it; `keys` as Textual names them, "a,b".

    `rank` is its place in the key bar when room is short: 1 stays longest, 0 is never there.
    `action` is the focused widget's own; "" stands for the command of that name
    (`tui.commands.table`).
    """

    name: str
    keys: str
    label: str
    help: str
    where: Where
    group: Group
    rank: int = 0
    action: str = ""

    @property
    def binding(self) -> str:
        """What Textual is to do."""
        return self.action or f"screen.command('{self.name}')"


_L, _P, _S, _Q, _J = Where.LIST, Where.PANE, Where.SCREEN, Where.PANEL, Where.JOBS
_MOVE, _MARK, _FILES, _PLACES = Group.MOVE, Group.MARK, Group.FILES, Group.PLACES
_VIEW, _REST, _QUEUE = Group.VIEW, Group.REST, Group.QUEUE

KEYS: tuple[Key, ...] = (
    Key("help", "f1,?,1", "Help", "this page", _S, _REST, 2, "screen.help"),
    Key("rename", "f2,r,2", "Rename", "rename; what is marked, in your editor", _P, _FILES, 7),
    Key("view", "f3,v,3", "View", "look into the file", _P, _FILES, 7),
    Key("edit", "f4,e,4", "Edit", "edit it in your $EDITOR", _P, _FILES, 7),
    Key("copy", "f5,c,5", "Copy", "copy to the other pane", _P, _FILES, 1),
    Key("move", "f6,m,6", "Move", "move to the other pane", _P, _FILES, 4),
    Key("new_folder", "f7,7", "Mkdir", "make a folder", _P, _FILES, 6),
    Key("new_file", "n", "New file", "make an empty file", _P, _FILES),
    Key("new_link", "N", "New link", "make a symbolic or a hard link", _P, _FILES),
    Key("delete", "f8,delete,8", "Delete", "delete, to the trash if there is one", _P, _FILES, 5),
    Key("delete_for_good", "shift+f8,shift+delete", "Delete!", "delete for good, past any trash",
        _P, _FILES),
    Key("undo", "u", "Undo", "take back names given, things made or thrown away", _P, _FILES, 16),
    Key("permissions", "M", "Mode", "set permissions", _P, _FILES),
    Key("find", "F,alt+f7", "Find", "look for names below this folder", _P, _FILES, 13),
    Key("usage", "D", "Usage", "add up what is in folders", _P, _FILES),
    Key("properties", "i,alt+enter", "Info", "all about it", _P, _FILES, 15),
    Key("versions", "z", "Versions", "what the file was", _P, _FILES, 16),
    Key("deleted_files", "Z", "Deleted", "deleted files, to bring back", _P, _FILES),
    Key("link", "L", "Link", "a link to the clipboard", _P, _FILES, 17),
    Key("uploads", "U", "Uploads", "unfinished ones, to take back", _P, _PLACES, 18),
    Key("connect", "f9,S,ctrl+s,9", "Connect", "open a server", _P, _PLACES, 3),
    Key("quit", "f10,q,0", "Quit", "quit; the queue is kept", _S, _REST, 2),
    Key("mark", "space,insert", "Mark", "mark, and move down", _L, _MARK, 8, "mark"),
    Key("filter", "/", "Filter", "show only matching names", _P, _VIEW, 9, "screen.filter"),
    Key("transfers", "w", "Queue", "to the transfers and back", _S, _REST, 2, "screen.panel"),
    Key("other_pane", "tab", "Other pane", "to the other pane", _S, _MOVE, 10,
        "screen.other_pane"),
    Key("sort", "s", "Sort", "by name, size, time, extension", _P, _VIEW, 11, "sort"),
    Key("reverse", "R", "Reverse", "turn the order round", _P, _VIEW, 0, "reverse"),
    Key("natural", "#", "Numbers", "numbers in names by their worth", _P, _VIEW, 0, "natural"),
    Key("hidden", ".", "Hidden", "show or hide dotfiles", _P, _VIEW, 12, "hidden"),
    Key("refresh", "ctrl+r", "Refresh", "read the folder again", _P, _VIEW, 14, "refresh"),
    Key("up", "up,k", "Up", "up one row", _L, _MOVE, 0, "cursor(-1)"),
    Key("down", "down,j", "Down", "down one row", _L, _MOVE, 0, "cursor(1)"),
    Key("page_up", "pageup", "Page up", "up one page", _L, _MOVE, 0, "page(-1)"),
    Key("page_down", "pagedown", "Page down", "down one page", _L, _MOVE, 0, "page(1)"),
    Key("top", "home,g", "Top", "to the top", _L, _MOVE, 0, "first"),
    Key("bottom", "end,G", "Bottom", "to the bottom", _L, _MOVE, 0, "last"),
    Key("open", "enter,right,l", "Open", "open the folder", _L, _MOVE, 0, "enter"),
    Key("parent", "backspace,left,h", "Parent", "to the folder above", _P, _MOVE, 0, "parent"),
    Key("invert", "*", "Invert", "turn the marks round", _L, _MARK, 0, "invert"),
    Key("mark_all", "ctrl+a", "Mark all", "mark all that is shown", _L, _MARK, 0, "mark_all"),
    Key("mark_matching", "+", "Mark…", "mark by pattern (*.txt)", _P, _MARK),
    Key("unmark_matching", "-", "Unmark…", "unmark by pattern", _P, _MARK),
    Key("keep_marks", "K", "Keep marks", "marks stay when the tab goes on; K again: only here", _P,
        _MARK, 0, "keep_marks"),
    Key("unmark_all", "A", "Unmark all", "take all marks of the tab away", _P, _MARK, 0,
        "unmark_all"),
    Key("mark_differing", "&", "Mark other", "mark what a comparison found new or changed", _P,
        _MARK),
    Key("go_to", "ctrl+g", "Go to", "type a path or address", _P, _PLACES, 13),
    Key("same", "=", "Same", "this folder in the other pane", _P, _PLACES, 0, "screen.same_place"),
    Key("swap", "ctrl+u", "Swap", "swap the panes", _P, _PLACES, 0, "screen.swap"),
    Key("bookmarks", "b", "Bookmarks", "places you keep, or were at", _P, _PLACES, 13),
    Key("jump", "f", "Jump", "type letters of a name to go there", _P, _MOVE),
    Key("synchronise", "y", "In step", "both panes go up and down together", _P, _PLACES),
    Key("compare", "ctrl+d", "Compare", "compare both folders, make them alike", _P, _FILES,
        12),
    Key("history_back", "<,alt+left", "Back", "back in the history of the tab", _P, _PLACES, 0,
        "history(-1)"),
    Key("history_forward", ">,alt+right", "Forward", "forward again", _P, _PLACES, 0, "history(1)"),
    Key("new_tab", "ctrl+t", "New tab", "another tab of this pane", _P, _PLACES, 0, "new_tab"),
    Key("close_tab", "ctrl+w", "Close tab", "close this tab", _P, _PLACES, 0, "close_tab"),
    Key("previous_tab", "[", "Tab before", "to the tab before", _P, _PLACES, 0, "tab(-1)"),
    Key("next_tab", "]", "Next tab", "to the next tab", _P, _PLACES, 0, "tab(1)"),
    Key("answer", "!", "Answer", "answer what transfers ask", _S, _REST, 0, "screen.answer"),
    Key("palette", ":,ctrl+p", "Actions", "every action, by its name", _S, _REST, 9,
        "app.command_palette"),
    Key("settings", "comma", "Settings", "colours, keys and other choices", _S, _REST, 19),
    Key("stop", "ctrl+z", "Stop", "to the shell; fg: back", _S, _REST, 0, "app.suspend_process"),
    Key("back", "escape", "Back", "stop; clear the filter; to the pane", _S, _REST, 0,
        "screen.back"),
    Key("job_pause", "p", "Pause/resume", "pause, or resume what is paused", _Q, _QUEUE, 3,
        "pause"),
    Key("job_cancel", "x,delete", "Cancel", "cancel the marked or this one", _Q, _QUEUE, 3,
        "cancel"),
    Key("job_retry", "t", "Retry", "try again from the first attempt", _Q, _QUEUE, 3, "retry"),
    Key("job_enter", "enter", "Details", "answer what it asks, else all about it", _Q, _QUEUE, 3),
    Key("job_answer", "!", "Answer", "answer what a parked transfer asks", _Q, _QUEUE, 0,
        "question"),
    Key("job_details", "i,alt+enter", "Details", "all about it, while it goes on", _Q, _QUEUE),
    Key("job_filter", "f", "Show", "all, only running, waiting, parked, failed, done", _Q, _QUEUE,
        3),
    Key("job_filter_back", "F", "Show", "the same, the other way round", _Q, _QUEUE),
    Key("job_up", "K,shift+up", "Up", "move up in the queue", _Q, _QUEUE, 3, "shift(-1)"),
    Key("job_down", "J,shift+down", "Down", "move down in the queue", _Q, _QUEUE, 3, "shift(1)"),
    Key("job_to_top", "<,shift+home", "To top", "to the top of the queue", _Q, _QUEUE, 4),
    Key("job_to_bottom", ">,shift+end", "To bottom", "to the bottom of the queue", _Q, _QUEUE, 4),
    Key("jobs_mark_all", "ctrl+a", "Mark all", "mark all that are shown", _Q, _QUEUE, 4),
    Key("jobs_invert", "*", "Invert", "turn the marks round", _Q, _QUEUE, 0),
    Key("jobs_unmark", "u", "Unmark", "take every mark away", _Q, _QUEUE, 0),
    Key("retry_failed", "T", "Retry failed", "try all that failed again", _Q, _QUEUE, 4),
    Key("cancel_all", "X", "Cancel all", "cancel every transfer (asks first)", _Q, _QUEUE, 4),
    Key("job_target", "o", "Folder", "go to the folder it brings its file into", _Q, _QUEUE, 3),
    Key("job_source", "O", "Source", "go to the folder its file is from", _Q, _QUEUE, 4),
    Key("receipt", "e", "Receipt", "save what was proven (SHA256SUMS)", _Q, _QUEUE, 3),
    Key("pause_all", "P", "Pause all", "pause every transfer", _Q, _QUEUE, 3, "pause_all"),
    Key("resume_all", "R", "Resume all", "resume every paused transfer", _Q, _QUEUE, 3,
        "resume_all"),
    Key("clear", "C", "Clear", "take finished ones off the list", _Q, _QUEUE, 3, "clear"),
    Key("limit", "L", "Limit", "bytes a second, files at once", _Q, _QUEUE, 3, "limit"),
    Key("hold", "H", "Hold/go", "finish what runs and start nothing more, or go on", _Q, _QUEUE, 3,
        "hold"),
    Key("job_compare", "d", "Compare", "compare the file with a digest you were told", _Q, _QUEUE,
        3, "compare"),
    Key("job_sooner", "+", "Sooner", "run before others (higher priority)", _Q, _QUEUE, 3,
        "priority(1)"),
    Key("job_later", "-", "Later", "run after others (lower priority)", _Q, _QUEUE, 3,
        "priority(-1)"),
    Key("job_mark", "space,insert", "Mark", "mark, and move down", _J, _QUEUE, 0, "mark"),
    Key("jobs_row_up", "up,k", "Up", "up one row", _J, _QUEUE, 0, "cursor(-1)"),
    Key("jobs_row_down", "down,j", "Down", "down one row", _J, _QUEUE, 0, "cursor(1)"),
    Key("jobs_page_up", "pageup", "Page up", "up one page", _J, _QUEUE, 0, "page(-1)"),
    Key("jobs_page_down", "pagedown", "Page down", "down one page", _J, _QUEUE, 0, "page(1)"),
    Key("jobs_top", "home,g", "Top", "to the top", _J, _QUEUE, 0, "first"),
    Key("jobs_bottom", "end,G", "Bottom", "to the bottom", _J, _QUEUE, 0, "last"),
)  # fmt: skip
