"""A digest as a person types or pastes it."""

from __future__ import annotations

_SIZES = {32: "md5", 40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}


def parse_digest(text: str) -> tuple[str, str]:
    """The algorithm and lower-case hex of "sha256:AB…", "sha256=AB…" or "AB…" alone, as pages show
    them. Raises ValueError, with a sentence, for anything else."""
    name, _, value = text.strip().replace("=", ":", 1).rpartition(":")
    value = value.strip().lower()
    known = _SIZES.get(len(value))
    named = name.strip().lower().replace("-", "") or known
    hexadecimal = bool(value) and not set(value) - set("0123456789abcdef")
    if known is None or named != known or not hexadecimal:
        raise ValueError("give an MD5, SHA-1, SHA-256, SHA-384 or SHA-512 digest in hexadecimal")
    return known, value
