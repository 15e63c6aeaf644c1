"""What a pane says below its list while another place is read."""

from __future__ import annotations

import pytest

from providers.base import Place
from tui.listing import Request
from tui.widgets import pane_foot

HERE = Place("sftp://ann@host:22", "/srv")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (HERE, "reading…"),
        (Place("sftp://ann@host:22", "/var"), "reading /var…"),
        (Place("sftp://other:22", "/var"), "reading sftp://other:22/var…"),
        (Place("sftp://other:22", "/~"), "reading sftp://other:22…"),
        (Place("sftp://ann@10.0.0.1:2222#work", "/~"), "reading work:…"),
        (Place("sftp://ann@host:22", "/~"), "reading sftp://ann@host:22…"),
        (Place("file:", "/home/ann"), "reading /home/ann…"),
    ],
)
def test_what_is_read_is_named_as_a_person_would_type_it(asked: Place, said: str) -> None:
    assert pane_foot.reading(Request(asked), HERE, 0) == said
