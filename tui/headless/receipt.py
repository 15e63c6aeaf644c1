"""`wharfie queue receipt`: what `tui.receipt` makes of the queue, printed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from providers.text import printable
from transfers.model import Job
from tui.receipt import as_file, json_lines, sum_lines


def print_receipt(jobs: Sequence[Job], *, as_json: bool) -> None:
    """Byte for byte into a file, or it would not name the files; made safe for a terminal."""
    if as_json:
        print("\n".join(json_lines(jobs)))
    elif sys.stdout.isatty():
        for line in sum_lines(jobs):
            print(printable(line))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(as_file(sum_lines(jobs)))
