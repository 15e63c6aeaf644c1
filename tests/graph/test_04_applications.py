"""04: an application has no /me (msgraph-sdk-php #1163)."""

from __future__ import annotations

from tests.graph.place import Place, good, observed, refused


@observed
def test_me_needs_a_person_and_a_drive_by_its_id_does_not(business: Place) -> None:
    token = business.server.issue_token(app_only=True)
    for path in ("/me", "/me/drive", "/me/drive/root"):
        refused(business.get(path, token=token), 400, "BadRequest")
    good(business.get(business.drive, token=token), 200)
    drive = good(business.get(f"/users/{business.server.user}/drive", token=token), 200)
    assert drive["id"] == business.server.drive_id
