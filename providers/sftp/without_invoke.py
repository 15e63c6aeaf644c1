"""Has paramiko imported without `invoke`, a package that runs commands.

paramiko takes it for `Match exec` of its own reader of ~/.ssh/config, which is not used here (ours
runs no command: faults.md 6), and does without it where it is missing. Importing it takes two
thirds of the time that paramiko itself takes.
"""

from __future__ import annotations

import sys

# How Python notes that a module cannot be had.
sys.modules.setdefault("invoke", None)  # type: ignore[arg-type]
