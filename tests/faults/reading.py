"""Reads one file of this computer in a process of its own, into which faults are put.

Usage: python -m tests.faults.reading FILE
Prints the number of bytes, or the class and the sentence of what went wrong.
"""

from __future__ import annotations

import sys

from providers.errors import ProviderError
from providers.local import LocalProvider


def main(path: str) -> None:
    try:
        with LocalProvider().read(path) as reader:
            told = str(sum(len(chunk) for chunk in reader.chunks()))
    except ProviderError as error:
        told = f"{type(error).__name__} {error}"
    print(told)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
