"""In what a personal account and one of a company differ."""

from __future__ import annotations

from typing import Literal

from providers.records import dataclass

ProfileName = Literal["personal", "business"]
PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
_MINUTES = 60
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Profile:
    """Seconds and bytes; each rule with its source in the contract."""

    name: ProfileName
    tenant: str
    host: str
    user: str
    order_by: frozenset[str]  # onedrive-api-docs, optional-query-parameters
    session_seconds: int  # how long an upload session lives after its last fragment
    permit_seconds: int  # how long an upload URL is good, fragments or not: #1073
    inner_error: str  # both spellings are met: errors.md
    rewrites_office_files: bool  # onedrive-api-docs #935
    versions_use_quota: bool
    finished_session_is_gone: bool  # 404, or 200 with nothing expected: both are met
    forms_reserved: bool

    @property
    def business(self) -> bool:
        return self.name == "business"


PROFILES: dict[str, Profile] = {
    "personal": Profile(
        name="personal",
        tenant=PERSONAL_TENANT,
        host="onedrive.live.com",
        user="demo@outlook.example",
        order_by=frozenset({"name", "size", "lastModifiedDateTime"}),
        session_seconds=7 * _DAY,
        permit_seconds=365 * _DAY,
        inner_error="innererror",
        rewrites_office_files=False,
        versions_use_quota=False,
        finished_session_is_gone=False,
        forms_reserved=False,
    ),
    "business": Profile(
        name="business",
        tenant="6f1f4b9e-0d55-4a3c-9a43-5d1c2c7b9a10",
        host="contoso.sharepoint.com",
        user="demo@contoso.example",
        order_by=frozenset({"name", "url"}),
        session_seconds=15 * _MINUTES,
        permit_seconds=_DAY,
        inner_error="innerError",
        rewrites_office_files=True,
        versions_use_quota=True,
        finished_session_is_gone=True,
        forms_reserved=True,
    ),
}
