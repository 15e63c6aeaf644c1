"""Many names given at once: as lines of an editor, checked, and put into an order that works.

Pure but for `perform`. A line is a name as it is; one with control characters, with spaces at its
ends or with a quotation mark in front is written in quotation marks, as JSON has it.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from providers.base import Provider, Writer
from providers.errors import InvalidName, ProviderError
from providers.records import dataclass
from providers.text import printable


class BadNames(Exception):
    """What was written cannot be used; the text is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class Move:
    """One rename: two addresses."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Step(Move):
    """One call. `aside`: it only frees the name, and `target` is no name that anybody asked for."""

    aside: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the moves. `stranded`: what has a temporary name and could not be given its
    old one back, with that old address."""

    done: tuple[Move, ...]
    left: tuple[Move, ...]
    error: ProviderError | None = None
    stranded: Move | None = None


# The lines ------------------------------------------------------------------------------------


def written(names: Iterable[str]) -> str:
    """The text for the editor."""
    return "".join(f"{_line(name)}\n" for name in names)


def _line(name: str) -> str:
    plain = name.isprintable() and name == name.strip() and not name.startswith('"')
    return name if plain and name else json.dumps(name)


def read_names(text: str, count: int) -> list[str]:
    """The names in `text`. Raises BadNames unless there are `count`, each on a line."""
    lines = text.removesuffix("\n").split("\n")
    names = [_name(number, line.removesuffix("\r")) for number, line in enumerate(lines, 1)]
    if len(names) != count:
        raise BadNames(f"{count:,} names were there, and {len(names):,} lines are now.")
    return names


def _name(number: int, line: str) -> str:
    if not line.startswith('"'):
        return line
    try:
        name = json.loads(line)
    except ValueError:
        name = None
    if not isinstance(name, str):
        raise BadNames(f"Line {number:,} begins with a quotation mark and is not quoted right.")
    return name


# What is wrong with them ----------------------------------------------------------------------


def moves(provider: Provider, old: Sequence[str], new: Sequence[str]) -> list[Move]:
    """From addresses and their new names: those that change. Raises BadNames for a name that the
    place cannot have."""
    found = []
    for path, name in zip(old, new, strict=True):
        try:
            target = provider.join(provider.parent(path), name)
        except InvalidName as error:
            raise BadNames(f"“{printable(name)}”: {error.what}.") from error
        if name != provider.name(path):
            found.append(Move(path, target))
    return found


def refuse_collisions(moves: Sequence[Move], there: Iterable[str]) -> None:
    """`there`: all addresses of the folders concerned. Raises BadNames when two would be one."""
    targets = Counter(move.target for move in moves)
    if twice := [target for target, times in targets.items() if times > 1]:
        raise BadNames(f"{printable(twice[0])}: two would get this name.")
    staying = set(there) - {move.source for move in moves}
    if taken := sorted(staying & set(targets)):
        raise BadNames(f"{printable(taken[0])}: something else has this name and keeps it.")


def alike(moves: Sequence[Move], there: Iterable[str]) -> list[str]:
    """New addresses that differ from another only in letter case or in how accents are written: on
    some disks they are one."""
    after = set(there) - {move.source for move in moves} | {move.target for move in moves}
    times = Counter(map(folded, after))
    return [move.target for move in moves if times[folded(move.target)] > 1]


def folded(path: str) -> str:
    """The same for addresses that a disk may take for one."""
    return unicodedata.normalize("NFC", path).casefold()


# The order ------------------------------------------------------------------------------------


def steps(moves: Sequence[Move], temporary: Callable[[Move], str]) -> list[Step]:
    """The calls that carry out all `moves`: each name is free when its turn comes.

    Names that move in a circle, and those that only change letter case, go through a name made by
    `temporary`. Sources differ from each other, and so do targets.
    """
    key = _key(moves)
    waiting = {key(move.source): move for move in moves}
    found: list[Step] = []
    while waiting:
        chain = _chain(waiting, key)
        for move in chain:
            del waiting[key(move.source)]
        first, circle = chain[0], key(chain[-1].target) == key(chain[0].source)
        if circle:
            aside = temporary(first)
            found.append(Step(first.source, aside, aside=True))
            chain[0] = Move(aside, first.target)
        found += [Step(move.source, move.target) for move in reversed(chain)]
    return found


def _key(moves: Sequence[Move]) -> Callable[[str], str]:
    """How names are compared: as a disk that ignores case would, unless that makes two one."""
    for paths in ([m.source for m in moves], [m.target for m in moves]):
        if len(set(map(folded, paths))) < len(paths):
            return str
    return folded


def _chain(waiting: Mapping[str, Move], key: Callable[[str], str]) -> list[Move]:
    """Moves of which each takes the name of the next one."""
    chain = [next(iter(waiting.values()))]
    while (after := waiting.get(key(chain[-1].target))) is not None and after is not chain[0]:
        chain.append(after)
    return chain


# Doing it -------------------------------------------------------------------------------------


def perform(
    target: Writer,
    wanted: Sequence[Move],
    plan: Sequence[Step],
    *,
    on_progress: Callable[[int], None] = lambda count: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Rename step by step, never over something, and stop at the first failure. Blocking."""
    origin: dict[str, str] = {}  # by temporary name
    done: list[Move] = []
    error: ProviderError | None = None
    for step in plan:
        if cancelled() and not origin:
            break
        try:
            target.rename(step.source, step.target)
        except ProviderError as refused:
            error = refused
            break
        if step.aside:
            origin[step.target] = step.source
        else:
            done.append(Move(origin.pop(step.source, step.source), step.target))
            on_progress(len(done))
    stranded = _back(target, origin)
    finished = {move.source for move in done}
    left = tuple(move for move in wanted if move.source not in finished)
    return Outcome(tuple(done), left, error, stranded)


def _back(target: Writer, origin: Mapping[str, str]) -> Move | None:
    """Give what was only put aside its name again. What cannot have it is returned."""
    for aside, source in origin.items():
        try:
            target.rename(aside, source)
        except ProviderError:
            return Move(aside, source)
    return None
