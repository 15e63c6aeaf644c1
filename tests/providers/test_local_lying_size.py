"""A local file that holds more than its size said when it was opened is not cut in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.errors import SourceChanged
from providers.local import LocalProvider


@pytest.mark.parametrize("size", [0, 5])
def test_a_file_that_grows_while_it_is_read_is_an_error(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(size))
    with LocalProvider().read(str(path)) as reader:
        with path.open("ab") as file:
            file.write(b"more")
        with pytest.raises(SourceChanged):
            list(reader.chunks())


def test_a_part_that_was_asked_for_ends_where_it_was_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    with LocalProvider().read(str(path), offset=2, length=3) as reader:
        assert [bytes(chunk) for chunk in reader.chunks()] == [b"234"]
