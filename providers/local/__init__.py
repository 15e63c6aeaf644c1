"""This computer's own files."""

from providers.local.provider import LocalProvider, open_endpoint

__all__ = ["LocalProvider", "open_endpoint"]
