"""`python -m tui` is `wharfie`."""

import gc
import sys

_YOUNG_MOST, _TIMES = 50_000, 20


def main() -> int:
    """What is imported is no garbage: looking for some in it every 700 objects takes a fifth of
    the start, and looking at a million entries again and again holds up who presses a key. None is
    looked for at the end either: what is written is closed by then, the rest goes with the process.
    """
    gc.set_threshold(_YOUNG_MOST, _TIMES, _TIMES)
    from tui.cli import main as run

    status = run()
    gc.freeze()
    return status


if __name__ == "__main__":
    sys.exit(main())
