"""A folder of one's own on Graph, over raw `requests`: the emulator's, or the real service's.

The real one is used when GRAPH_BASE (https://graph.microsoft.com/v1.0) and GRAPH_TOKEN are set.
"""

from __future__ import annotations

import os
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import pytest
import requests

from providers.sandbox.graph import Clock, GraphServer
from providers.sandbox.graph.profiles import ProfileName

REAL_BASE = os.environ.get("GRAPH_BASE", "")
REAL_TOKEN = os.environ.get("GRAPH_TOKEN", "")
MULTIPLE = 327_680  # bytes: a fragment but the last must be a multiple of this
CONFLICT = "@microsoft.graph.conflictBehavior"

Json = dict[str, Any]

# Rows that rest on what people reported, not on documentation.
observed = pytest.mark.xfail(bool(REAL_BASE), reason="seen, not documented", strict=False)


class Place:
    """A context manager. Paths are below `base`; what starts with "http" is asked for as it is."""

    def __init__(self, profile: ProfileName | None) -> None:
        """None: the real service."""
        still = Clock.standing_still()
        self._server = None if profile is None else GraphServer(profile, clock=still)
        self._http = requests.Session()
        self._http.trust_env = False
        self.token = REAL_TOKEN
        self.base = REAL_BASE

    def __enter__(self) -> Self:
        if self._server is not None:
            self._server.__enter__()
            self.base, self.token = self._server.graph_base, self._server.issue_token()
        try:
            about = self.get("/me/drive").json()
            self.drive = f"/drives/{quote(about['id'], safe='')}"
            self.business = about["driveType"] != "personal"
            self.folder = self.make_folder(f"wharfie-test-{uuid4().hex[:8]}", "root")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *about: object) -> None:
        if self._server is not None:
            self._server.__exit__(None, None, None)
        elif hasattr(self, "folder"):
            self.delete(self.item(self.folder["id"]))
        self._http.close()

    @property
    def server(self) -> GraphServer:
        """The emulator's hooks. Skips the test on the real service."""
        self.emulated_only("the real service cannot be told to do this")
        assert self._server is not None
        return self._server

    def emulated_only(self, why: str) -> None:
        """Skips the test on the real service."""
        if self._server is None:
            pytest.skip(why)

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """With the token, unless `token` says another or None. Redirects are not followed."""
        headers = dict(more.pop("headers", {}))
        token = more.pop("token", self.token)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = path if path.startswith("http") else self.base + path
        settings: Json = {"headers": headers, "timeout": 30, "allow_redirects": False}
        return self._http.request(method, url, **settings, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, json: object = None, **more: Any) -> requests.Response:
        return self.ask("POST", path, json=json, **more)

    def patch(self, path: str, json: object, **more: Any) -> requests.Response:
        return self.ask("PATCH", path, json=json, **more)

    def delete(self, path: str, **more: Any) -> requests.Response:
        return self.ask("DELETE", path, **more)

    def free(self, method: str, url: str, **more: Any) -> requests.Response:
        """Without Authorization, for URLs that carry their own permit."""
        return self.ask(method, url, token=None, **more)

    def item(self, item_id: str) -> str:
        return f"{self.drive}/items/{quote(item_id, safe='')}"

    def at(self, path: str) -> str:
        """A path below the test's own folder, each segment percent-encoded."""
        below = "/".join(quote(name, safe="") for name in path.split("/"))
        return f"{self.item(self.folder['id'])}:/{below}"

    @property
    def children(self) -> str:
        return self.item(self.folder["id"]) + "/children"

    def make_folder(self, name: str, parent: str | None = None) -> Json:
        body = {"name": name, "folder": {}, CONFLICT: "fail"}
        where = self.item(self.folder["id"] if parent is None else parent)
        return good(self.post(f"{where}/children", body), 201)

    def upload(self, name: str, data: bytes, **options: str) -> requests.Response:
        """One request; `options` go into the query."""
        kind = {"Content-Type": "application/octet-stream"}
        return self.ask("PUT", self.at(name) + ":/content", data=data, headers=kind, params=options)

    def put(self, name: str, data: bytes) -> Json:
        return good(self.upload(name, data), 201, 200)

    def begin(self, name: str, conflict: str = "fail", **item: object) -> Json:
        """An upload session."""
        return good(
            self.post(self.at(name) + ":/createUploadSession", asking(conflict, **item)), 200
        )

    def fragment(
        self, session: Json, start: int, data: bytes, total: int, **headers: str
    ) -> requests.Response:
        end = start + len(data) - 1
        sent = {"Content-Range": f"bytes {start}-{end}/{total}", **headers}
        return self.free("PUT", session["uploadUrl"], data=data, headers=sent)

    def names(self) -> list[str]:
        return sorted(item["name"] for item in good(self.get(self.children), 200)["value"])

    def read(self, item: Json) -> bytes:
        moved = self.get(self.item(item["id"]) + "/content")
        assert moved.status_code == 302
        answer = self.free("GET", moved.headers["Location"])
        assert answer.status_code == 200
        return answer.content


def asking(conflict: str, **item: object) -> Json:
    """The body of createUploadSession."""
    return {"item": {CONFLICT: conflict, **item}}


def good(answer: requests.Response, *statuses: int) -> Json:
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    told: Json = answer.json()
    return told


def inner(error: Json) -> Json:
    """innerError in either spelling."""
    found: Json = error.get("innerError") or error.get("innererror") or {}
    return found


def refused(answer: requests.Response, status: int, code: str = "", inner_code: str = "") -> Json:
    """The error, with a code of its own or an inner one."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    error: Json = answer.json()["error"]
    assert error["message"]
    assert code in ("", error["code"])
    assert inner_code in ("", inner(error).get("code"))
    return error
