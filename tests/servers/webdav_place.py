"""A WebDAV server of the tests as a place, with deadlines that a test can wait for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from providers.http.session import Session
from providers.http.webdav.provider import WebdavProvider
from providers.web.patience import Patience
from tests.servers.http_place import HURRIED, NO_PROXY, access


def open_webdav(port: int, *, patience: Patience = HURRIED) -> WebdavProvider:
    endpoint = f"dav://127.0.0.1:{port}"
    return WebdavProvider(Session(endpoint, NO_PROXY, access(endpoint), patience=patience))


@contextmanager
def webdav(port: int, *, patience: Patience = HURRIED) -> Iterator[WebdavProvider]:
    with closing(open_webdav(port, patience=patience)) as place:
        yield place
