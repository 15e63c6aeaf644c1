"""What a site wishes of the objects it stores: encryption, class, ACL, tags, metadata. Pure.

The headers are those of PutObject, CopyObject and CreateMultipartUpload; those of a customer's key
(SSE-C) go with every request about the bytes of an object.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import md5
from typing import Literal, TypeAlias, cast, get_args
from urllib.parse import quote

from providers.errors import InvalidName
from providers.records import dataclass
from providers.text import printable

Encryption: TypeAlias = Literal["none", "AES256", "aws:kms", "aws:kms:dsse", "customer-key"]
Acl: TypeAlias = Literal[
    "none",
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
]
Pairs: TypeAlias = tuple[tuple[str, str], ...]

TAGGING = "x-amz-tagging"
META = "x-amz-meta-"
OURS = frozenset({"wharfie", "mtime", "sha256"})  # metadata that uploads write themselves
SEALED = "x-amz-server-side-encryption-customer-algorithm"
"""In an answer: the object is encrypted with a customer's key."""

_HANDS_OVER = "server-side-encryption-customer-key"
_CLASS = re.compile(r"[A-Z0-9_-]{1,64}")
_CONTENT_TYPE = re.compile(r"[!#$&^_.+\w-]+/[!#$&^_.+\w-]+( *;[ -~]*)?", re.ASCII)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_TAG = re.compile(r"[\w .:/=+@-]*")
_KEY_BYTES = 32
_MOST_TAGS, _TAG_KEY, _TAG_VALUE = 10, 128, 256
_MOST_METADATA = 1900  # bytes; Amazon takes 2,048, and ours are among them


@dataclass(frozen=True, slots=True)
class Storing:
    """`content_type` "": as the name of a file says."""

    encryption: Encryption = "none"
    kms_key_id: str = ""
    storage_class: str = ""
    acl: Acl = "none"
    tags: Pairs = ()
    metadata: Pairs = ()
    content_type: str = ""

    @property
    def by_customer(self) -> bool:
        return self.encryption == "customer-key"

    def access(self) -> dict[str, str]:
        """Who may read it and how it is encrypted: of everything that is stored."""
        headers: dict[str, str] = {}
        if self.encryption not in {"none", "customer-key"}:
            headers["x-amz-server-side-encryption"] = self.encryption
        if self.kms_key_id:
            headers["x-amz-server-side-encryption-aws-kms-key-id"] = self.kms_key_id
        if self.acl != "none":
            headers["x-amz-acl"] = self.acl
        return headers

    def headers(self) -> dict[str, str]:
        """All of it, of a file. The content type only when it is a fixed one."""
        headers = self.access()
        if self.storage_class:
            headers["x-amz-storage-class"] = self.storage_class
        if self.tags:
            headers[TAGGING] = "&".join(f"{quote(k, '')}={quote(v, '')}" for k, v in self.tags)
        if self.content_type:
            headers["Content-Type"] = self.content_type
        return headers | {f"{META}{name}": value for name, value in self.metadata}


def storing_of(values: Mapping[str, str]) -> Storing:
    """What a site's values say. Raises InvalidName naming the field."""
    given = {name: value.strip() for name, value in values.items()}
    encryption = _one_of(given, "encryption", get_args(Encryption))
    key = given.get("kms_key_id", "")
    if key and not encryption.startswith("aws:kms"):
        raise wrong("kms_key_id", "it is used with the encryption aws:kms or aws:kms:dsse only")
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise wrong("kms_key_id", "a key is named by its ID, its ARN, or alias/NAME")
    stored = given.get("storage_class", "")
    if stored and not _CLASS.fullmatch(stored):
        raise wrong("storage_class", "a class is like STANDARD_IA or GLACIER_IR")
    content = given.get("content_type", "")
    if content == "guess":
        content = ""
    if content and not _CONTENT_TYPE.fullmatch(content):
        raise wrong("content_type", "it must be like text/plain, or guess")
    return Storing(
        encryption=cast(Encryption, encryption),
        kms_key_id=key,
        storage_class=stored,
        acl=cast(Acl, _one_of(given, "acl", get_args(Acl))),
        tags=_tags(given.get("tags", "")),
        metadata=_metadata(given.get("metadata", "")),
        content_type=content,
    )


def wrong(field: str, why: str) -> InvalidName:
    return InvalidName(field, f"this cannot be used: {why}", advice="Correct it in the site.")


def customer_key(text: str) -> bytes | None:
    """The 32 bytes of a key in base64; None for anything else."""
    try:
        key = b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == _KEY_BYTES else None


def sealing(key: bytes, *, source: bool = False) -> dict[str, str]:
    """The headers that hand over a customer's key; `source`: of what is copied."""
    start = "x-amz-copy-source-" if source else "x-amz-"
    start += "server-side-encryption-customer-"
    return {
        f"{start}algorithm": "AES256",
        f"{start}key": b64encode(key).decode("ascii"),
        f"{start}key-MD5": b64encode(md5(key, usedforsecurity=False).digest()).decode("ascii"),
    }


def hands_over_key(headers: Mapping[str, str]) -> bool:
    """Whether a customer's key is among them."""
    return any(name.lower().endswith(_HANDS_OVER) for name in headers)


def _tags(text: str) -> Pairs:
    """As Amazon takes them (“Categorizing your storage using tags”)."""
    pairs = _pairs("tags", text)
    if len(pairs) > _MOST_TAGS:
        raise wrong("tags", f"an object has {_MOST_TAGS} at the most")
    for key, value in pairs:
        if len(key) > _TAG_KEY or len(value) > _TAG_VALUE:
            what = f"the key of one has {_TAG_KEY} characters at the most, its value {_TAG_VALUE}"
            raise wrong("tags", what)
        if not (_TAG.fullmatch(key) and _TAG.fullmatch(value)) or key.startswith("aws:"):
            what = f"“{printable(key)}” has other characters than letters, digits, spaces and "
            raise wrong("tags", f"{what}+ - = . _ : / @, or begins with aws:")
    return pairs


def _metadata(text: str) -> Pairs:
    pairs = tuple((name.lower(), value) for name, value in _pairs("metadata", text))
    for name, value in pairs:
        if not _NAME.fullmatch(name) or name in OURS:
            what = f"“{printable(name)}” is not a name for it (letters, digits, dots and dashes"
            raise wrong("metadata", f"{what}; wharfie, mtime and sha256 are taken)")
        if not (value.isascii() and value.isprintable()):
            raise wrong("metadata", "headers hold letters, digits and signs of ASCII only")
    if sum(len(name) + len(value) for name, value in pairs) > _MOST_METADATA:
        raise wrong("metadata", f"an object has {_MOST_METADATA:,} bytes of it at the most")
    return pairs


def _pairs(field: str, text: str) -> Pairs:
    found: dict[str, str] = {}
    for item in filter(str.strip, text.split(",")):
        name, equals, value = (part.strip() for part in item.partition("="))
        if not equals or not name:
            raise wrong(field, "it must be like key=value, key=value")
        if (name.lower() in map(str.lower, found) and field == "metadata") or name in found:
            raise wrong(field, f"“{printable(name)}” stands in it twice")
        found[name] = value
    return tuple(found.items())


def _one_of(values: Mapping[str, str], field: str, choices: tuple[str, ...]) -> str:
    text = values.get(field, "") or choices[0]
    if text not in choices:
        raise wrong(field, f"it must be one of {', '.join(choices)}")
    return text
