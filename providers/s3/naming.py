"""What the answer to a naming means. Pure, but for the reading of it."""

from __future__ import annotations

from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    ProviderError,
    TargetChanged,
    UploadExpired,
)
from providers.s3 import documents, pending
from providers.s3.faults import by_code, problem
from providers.s3.session import Answer
from providers.web.xml import BadXml

_STORING = "storing it"


def need_completed(answer: Answer, path: str) -> None:
    try:
        fault = documents.completed(answer.storing())
    except BadXml as error:
        raise ConnectionLost(path, f"the service's answer cannot be read: {error}") from error
    if fault is not None:
        raise _named(by_code(fault, 200, answer.headers, path, _STORING, answer.endpoint))


def refusal(answer: Answer, path: str, replacing: str | None) -> ProviderError:
    if answer.status == 412:
        return AlreadyExists(path) if replacing is None else TargetChanged(path)
    if answer.status == 404 and answer.fault.code == "NoSuchKey" and replacing is not None:
        return TargetChanged(path)
    return pending.expired(answer, path) or _named(problem(answer, path, _STORING))


def _named(error: ProviderError) -> ProviderError:
    """Parts that the service does not take together: it has others than those it acknowledged."""
    if "InvalidPart" in error.what:
        return UploadExpired(error.path, "the service no longer has the parts that were sent")
    return error
