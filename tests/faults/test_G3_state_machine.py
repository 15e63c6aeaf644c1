"""faults.md G3: whatever a queue is told, and whenever it is killed, its journal is what it showed.

`python -m tests.faults.queue_machine --steps 10000` is the same for longer.
"""

from __future__ import annotations

import random

from tests.faults.queue_machine import run

_STEPS = 300


def test_G3_the_model_equals_the_journal_after_every_step() -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    try:
        done = run(_STEPS, seed)
    except BaseException as error:
        error.add_note(
            f"again: python -m tests.faults.queue_machine --steps {_STEPS} --seed {seed}"
        )
        raise
    assert done["steps"] >= _STEPS
    assert done["kills"] > 0
