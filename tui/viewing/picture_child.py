"""A process of its own that draws a picture: one that exhausts or breaks the decoder ends alone.

Started with WIDTH HEIGHT, the picture on its input; answers "WIDTH HEIGHT\\n" and three bytes for
each pixel, or nothing.
"""

from __future__ import annotations

import contextlib
import io
import sys

_MEMORY = 1 << 30  # bytes
_SECONDS = 10
_MOST_PIXELS = 50_000_000
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
_BACKGROUND = (16, 21, 28)


def main() -> int:
    _limit()
    width, height = int(sys.argv[1]), int(sys.argv[2])
    try:
        from PIL import Image
    except ImportError:
        return 2
    with Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=_FORMATS) as picture:
        if picture.width * picture.height > _MOST_PIXELS:
            return 3
        picture.draft("RGB", (width * 2, height * 2))  # a JPEG need not be decoded as a whole
        full = picture.convert("RGBA")
    small = full.resize((width, height), Image.Resampling.BOX)
    drawn = Image.new("RGBA", small.size, _BACKGROUND)
    drawn.alpha_composite(small)
    sys.stdout.buffer.write(f"{width} {height}\n".encode() + drawn.convert("RGB").tobytes())
    return 0


def _limit() -> None:
    """Where the system can: Windows cannot, there only the time is limited, from outside."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


if __name__ == "__main__":
    sys.exit(main())
