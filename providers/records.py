"""The project's dataclasses: `dataclass`, `field` and `replace` of the standard library, to a type
checker and to a reader; made as `providers.record_class` says.

A start makes a hundred of them. There that takes a third of what a copy of one file does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.record_class import is_record, names_of, values_of

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    from providers.record_class import dataclass, field, replace

__all__ = ["dataclass", "field", "is_record", "names_of", "replace", "values_of"]
