"""Removing a folder of ours with all that was put into it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def remove_tree(folder: Path) -> None:
    """Remove `folder`, also what a visitor made read-only. Nothing there is success."""
    for directory, _, _ in os.walk(folder):
        os.chmod(directory, 0o700)
    shutil.rmtree(folder, ignore_errors=True)
