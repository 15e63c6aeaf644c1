"""Each case of the fault list has a test named by its id, or a line in the README that says why."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
CASES = {
    *(f"A{n}" for n in range(1, 13)),
    *(f"B{n}" for n in range(1, 13)),
    *(f"C{n}" for n in range(1, 18)),
    *(f"E{n}" for n in range(1, 8)),
    *(f"F{n}" for n in range(1, 8)),
    *(f"D{n}" for n in range(1, 12)),
    *(f"G{n}" for n in range(1, 5)),
    *(f"H{n}" for n in range(1, 5)),
}
ROW = re.compile(r"^\| (?P<ids>[A-H]\d+[A-H0-9 –]*) \| (?P<where>[^|]*) \| (?P<why>[^|]*)\|$", re.M)


def _rows() -> dict[str, tuple[str, str]]:
    """By id: where it is held, and what is said about it."""
    rows = {}
    for row in ROW.finditer((HERE / "README.md").read_text(encoding="utf-8")):
        ids = re.findall(r"([A-H])(\d+)", row["ids"])
        if "–" in row["ids"]:  # "C1 – C6"
            (letter, first), (_, last) = ids
            ids = [(letter, str(n)) for n in range(int(first), int(last) + 1)]
        for letter, number in ids:
            rows[letter + number] = (row["where"].strip(), row["why"].strip())
    return rows


def test_every_case_stands_in_the_readme_and_has_a_test_or_a_reason() -> None:
    rows = _rows()
    assert rows.keys() >= CASES
    tests = set()
    for file in HERE.parent.rglob("test_*.py"):
        tests |= set(re.findall(r"def test_([A-H]\d+)_", file.read_text(encoding="utf-8")))
    assert {case for case, (where, why) in rows.items() if where == "–" and not why} == set()
    assert {case for case, (where, _) in rows.items() if where != "–"} - tests == set()
