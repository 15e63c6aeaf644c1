"""One upload to this computer in a process of its own, into which faults are put.

Usage: python -m tests.faults.uploader TARGET SIZE [LIMIT=VALUE]
Prints JSON: the error that ended it ("" for none), its sentence, what the same token then says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from providers.base import ANY_VERSION
from providers.errors import ProviderError
from providers.local import LocalProvider
from providers.names import temporary_name

KEY = "0badcafe"
_CHUNK = 1 << 16


def unfinished(target: Path) -> Path:
    """Where the bytes are until the upload is finished."""
    return target.with_name(temporary_name(target.name, KEY))


def main(target: str, size: str, *limits: str) -> None:
    local = LocalProvider()
    body = [bytes([number % 251]) * _CHUNK for number in range(int(size) // _CHUNK)]
    upload = local.begin(target, int(size), key=KEY, part_size=1 << 20)
    for limit in limits:
        _set_limit(*limit.split("="))
    told = {"error": "", "sentence": "", "again": ""}
    try:
        local.put_part(upload, 0, 0, body)
        local.finish(upload, ["0"], replacing=ANY_VERSION)
    except ProviderError as error:
        told["error"], told["sentence"] = type(error).__name__, str(error)
        told["left"] = [path.name for path in unfinished(Path(target)).parent.glob(".*.part")]
        told["again"] = _again(local, upload)
    print(json.dumps(told))  # noqa: T201 - the test reads it


def _set_limit(name: str, value: str) -> None:
    import resource  # POSIX only

    number = getattr(resource, name)
    resource.setrlimit(number, (int(value), resource.getrlimit(number)[1]))


def _again(local: LocalProvider, upload: str) -> str:
    try:
        local.finish(upload, ["0"], replacing=ANY_VERSION)
    except ProviderError as error:
        return type(error).__name__
    return ""


if __name__ == "__main__":
    main(*sys.argv[1:])
