"""The demo's files: the same bytes, names and times each time, and different on the two sides."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

from providers.errors import ProviderError
from providers.records import dataclass

MIB = 1 << 20
LARGE = 64 * MIB
BUCKET = "harbour"
_EPOCH = 1_767_225_600  # 2026-01-01 00:00 UTC: the newest sample file
_DAY = 86_400

_WORDS = tuple(
    """anchor berth bollard buoy cargo crane customs dock ferry freight harbour hawser hull keel
    lighter mooring pier pilot quay rudder sluice tide tug wharf winch""".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class SampleFile:
    """`path` is relative, with "/". `kind` is "text" or "bytes"; `size` in bytes."""

    path: str
    size: int
    kind: str = "bytes"


def local_files() -> Iterator[SampleFile]:
    """What the left pane starts with."""
    yield SampleFile("Read me first.txt", 1_200, "text")
    yield SampleFile("disk image.iso", LARGE)
    yield SampleFile("empty file", 0)
    for number, size in enumerate((2_411_008, 3_870_129, 1_954_306, 5_242_880, 4_096_011), 1):
        yield SampleFile(f"Photos/2025 Lisbon/IMG_{2040 + number}.jpg", size)
    for number in range(1, 13):
        yield SampleFile(
            f"Photos/2025 Lisbon/thumbnails/IMG_{2040 + number}.jpg", 9_000 + 731 * number
        )
    yield SampleFile("Photos/København – 港 🚢.jpg", 1_310_720)
    yield SampleFile("Documents/Übersicht Lieferungen.txt", 18_204, "text")
    yield SampleFile("Documents/契約書.pdf", 284_113)
    yield SampleFile("Documents/naïve café résumé.odt", 61_440)
    yield SampleFile("Documents/invoices/2025-11 (copy).pdf", 98_304)
    yield SampleFile("Documents/invoices/2025-12.pdf", 101_877)
    yield SampleFile("Odd names/-rf", 12, "text")
    yield SampleFile("Odd names/'quoted' \"twice\"", 40, "text")
    yield SampleFile("Odd names/[red]not markup[bold]", 64, "text")
    yield SampleFile("Odd names/looks \x1b[31mred\x1b[0m", 128, "text")
    yield SampleFile("Odd names/.hidden", 7, "text")


def remote_files() -> Iterator[SampleFile]:
    """What the server starts with."""
    yield SampleFile("welcome.txt", 900, "text")
    for day in range(1, 15):
        yield SampleFile(f"logs/server-2025-12-{day:02}.log", 20_000 + day * day * 4_321, "text")
    yield SampleFile("backups/database-2025-12-31.dump", 24 * MIB)
    yield SampleFile("backups/database-2025-12-30.dump", 12 * MIB)
    yield SampleFile("backups/database.sha256", 0)
    yield SampleFile("shared/Documents/Übersicht Lieferungen.txt", 17_950, "text")
    yield SampleFile("shared/東京/地図.png", 734_003)
    yield SampleFile("shared/Ελλάδα/νησί.txt", 2_048, "text")
    for number in range(1, 41):
        yield SampleFile(f"shared/icons/icon-{number:02}.svg", 400 + number * 37, "text")
    yield SampleFile("odd names/looks \x1b[31mred\x1b[0m", 128, "text")
    yield SampleFile("odd names/percent %41", 5, "text")


def web_files() -> Iterator[SampleFile]:
    """What the web server starts with."""
    yield SampleFile("welcome.txt", 700, "text")
    yield SampleFile("releases/wharf-2.1.tar.gz", 9 * MIB)
    yield SampleFile("releases/wharf-2.0.tar.gz", 8 * MIB + 77_431)
    yield SampleFile("docs/Über uns.html", 6_144, "text")
    yield SampleFile("docs/100% & more?.txt", 512, "text")
    for number in range(1, 13):
        yield SampleFile(f"docs/tides/{number:02}.csv", 3_000 + number * 91, "text")


def dav_files() -> Iterator[SampleFile]:
    """What the WebDAV server starts with."""
    yield SampleFile("welcome.txt", 650, "text")
    yield SampleFile("Plans/harbour basin.dwg", 6 * MIB + 1_023)
    yield SampleFile("Plans/Kai Süd/Ansicht.png", 1_204_224)
    yield SampleFile("Notes/[x] done & dusted #1.md", 2_210, "text")
    for number in range(1, 9):
        yield SampleFile(f"Minutes/2025-{number:02}.odt", 24_000 + number * 1_337)


def bucket_files() -> Iterator[SampleFile]:
    """What the bucket starts with."""
    yield SampleFile("welcome.txt", 610, "text")
    yield SampleFile("archive/2025/manifests.parquet", 18 * MIB + 401)
    yield SampleFile("archive/2024/manifests.parquet", 7 * MIB)
    yield SampleFile("pictures/Hafen bei Nacht – 夜.jpg", 2_310_144)
    yield SampleFile("pictures/100% + more & less.png", 48_213)
    for number in range(1, 25):
        yield SampleFile(f"sensors/2025-12-{number:02}.json", 1_900 + number * 57, "text")


def fill(folder: Path, files: Iterator[SampleFile]) -> None:
    """Make `files` and one empty folder below `folder`. Raises ProviderError (disk full …)."""
    try:
        (folder / "empty folder").mkdir(parents=True)
        for index, file in enumerate(files):
            _make(folder, file, index)
        for directory, _, _ in os.walk(folder):
            os.utime(directory, (_EPOCH, _EPOCH))
    except OSError as error:
        why = f"the sample files could not be written ({error.strerror})"
        raise ProviderError(str(folder), why) from error


def _make(folder: Path, file: SampleFile, index: int) -> None:
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        stream = path.open("xb")
    except (OSError, ValueError):
        if path.name.isprintable() and os.name != "nt":
            raise
        return  # a name this file system cannot store is left out
    with stream:
        for chunk in _content(file):
            stream.write(chunk)
    when = _EPOCH - index * _DAY * 3 - index * 4_567
    os.utime(path, (when, when))


def _content(file: SampleFile) -> Iterator[bytes]:
    random = Random(file.path)
    left = file.size
    while left > 0:
        size = min(left, MIB)
        yield _text(random, size) if file.kind == "text" else random.randbytes(size)
        left -= size


def _text(random: Random, size: int) -> bytes:
    lines = []
    length = 0
    while length < size:
        line = " ".join(random.choices(_WORDS, k=10)).capitalize() + ".\n"
        lines.append(line)
        length += len(line)
    return "".join(lines).encode()[: size - 1] + b"\n"
