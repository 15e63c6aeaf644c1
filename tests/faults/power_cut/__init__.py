"""Cuts the power of a recorded run at each of its system calls: what was not synced is dropped."""
