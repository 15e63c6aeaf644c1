"""Apart from the journal: whoever only says what went wrong needs no database for that."""

from __future__ import annotations


class JournalError(Exception):
    """The queue cannot be read or written. The text is a sentence for a person."""
