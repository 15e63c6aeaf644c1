"""What must never be lost: the queue, the only code that moves bytes, and what was proven."""
