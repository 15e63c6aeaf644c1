"""How a file is cut on its way. Pure. Sizes in bytes."""

from __future__ import annotations

from providers.base import Provider

LARGEST_PART = 64 << 20  # what is sent again at most after a crash; held in memory at most
PART_SECONDS = 5.0  # a part that may end anywhere ends after this: little is lost on a slow line
_LARGEST_PIECE = 16 << 20
_SMALLEST_PIECE = 1 << 20


def part_size(source: Provider, target: Provider, size: int | None) -> int:
    """Of each part but the last: as large as a loss may cost, or as the place demands.

    What several streams have under way is lost together, so each has its share. One that may be
    the only one is the whole file, also while nobody knows its size; it is never held in memory.
    """
    parts = target.caps.parts
    if parts is None:
        return LARGEST_PART
    if parts.max_count == 1:
        return parts.max_size
    wanted = max(parts.min_size, min(parts.max_size, LARGEST_PART))
    if not cut_anywhere(target):
        wanted = max(parts.min_size, wanted // most_streams(source, target))
    if parts.max_count is not None and size is not None:
        wanted = max(wanted, -(-size // parts.max_count))
    rounded = -(-wanted // parts.multiple_of) * parts.multiple_of
    return rounded if rounded <= parts.max_size else rounded - parts.multiple_of


def cut_anywhere(target: Provider) -> bool:
    """Whether a part may end at any byte, and there may be any number of them."""
    parts = target.caps.parts
    return (
        parts is not None
        and parts.min_size == 1
        and parts.multiple_of == 1
        and parts.max_count is None
    )


def most_streams(source: Provider, target: Provider) -> int:
    """How many parts at once may be faster than one after the other; 1 where they cannot be."""
    if not source.caps.ranged_reads or target.caps.parts is None:
        return 1
    return max(1, source.caps.streams, target.caps.streams, target.caps.writing_streams)


def largest_piece(source: Provider, target: Provider, size: int) -> int:
    """Of what one of several streams holds in memory."""
    largest = part_size(source, target, size)
    if not cut_anywhere(target):
        return largest
    return min(largest, _LARGEST_PIECE, LARGEST_PART // most_streams(source, target))


def useful_streams(source: Provider, target: Provider, size: int | None, left: int) -> int:
    """How many streams the `left` bytes of a file of `size` are worth, and memory allows."""
    most = most_streams(source, target)
    if most < 2 or size is None:
        return 1
    piece = largest_piece(source, target, size)
    return max(1, min(most, left // piece, LARGEST_PART // piece))


def next_piece(length: int, seconds: float, largest: int) -> int:
    """The length of the next piece, after one of `length` took `seconds`."""
    if seconds > PART_SECONDS:
        return max(min(_SMALLEST_PIECE, largest), length // 2)
    if seconds < PART_SECONDS / 8:
        return min(largest, length * 4)
    return min(largest, length * 2) if seconds < PART_SECONDS / 4 else length


def wanted_length(length: int, seconds: float, wanted: int, largest: int) -> int:
    """How long the next of several streams' pieces is to be, after one of `length` took `seconds`.

    `wanted`: what it was to be so far. A piece that was cut before others grew does not make it
    shorter, unless it was slow.
    """
    following = next_piece(length, seconds, largest)
    if following < length:
        return min(wanted, following)
    return max(wanted, following)


def first_piece(largest: int) -> int:
    """Small: nobody knows how fast the line is."""
    return min(largest, _SMALLEST_PIECE)
