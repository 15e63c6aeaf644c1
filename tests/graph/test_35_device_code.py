"""35: signing in with a code on another device (v2-oauth2-device-code)."""

from __future__ import annotations

import pytest
import requests

from tests.graph.login import begin_device, poll_device
from tests.graph.place import Json, Place, good


def error(answer: requests.Response) -> str:
    assert answer.status_code == 400
    told: Json = answer.json()
    assert told["error_description"].startswith(f"AADSTS{told['error_codes'][0]}: ")
    assert {"timestamp", "trace_id", "correlation_id"} <= told.keys()
    return str(told["error"])


def test_pending_until_the_person_has_entered_the_code(place: Place) -> None:
    server = place.server
    flow = begin_device(server)
    assert {"user_code", "device_code", "verification_uri", "message"} <= flow.keys()
    assert (flow["expires_in"], flow["interval"]) == (900, 5)
    assert error(poll_device(server, flow)) == "authorization_pending"
    server.clock.advance(5)
    assert error(poll_device(server, flow)) == "authorization_pending"
    server.approve(flow["user_code"])
    server.clock.advance(5)
    told = good(poll_device(server, flow), 200)
    assert {"refresh_token", "id_token", "client_info"} <= told.keys()
    good(place.get("/me/drive", token=told["access_token"]), 200)


def test_a_code_is_good_once(place: Place) -> None:
    flow = begin_device(place.server)
    place.server.approve()
    good(poll_device(place.server, flow), 200)
    assert error(poll_device(place.server, flow)) == "bad_verification_code"


def test_polling_too_fast_is_slowed_down(place: Place) -> None:
    server = place.server
    flow = begin_device(server)
    poll_device(server, flow)
    server.clock.advance(4)
    assert error(poll_device(server, flow)) == "slow_down"
    server.clock.advance(9)
    assert error(poll_device(server, flow)) == "slow_down"
    server.clock.advance(15)
    assert error(poll_device(server, flow)) == "authorization_pending"


def test_the_person_may_decline_or_take_too_long(place: Place) -> None:
    server = place.server
    flow = begin_device(server)
    server.decline(flow["user_code"])
    assert error(poll_device(server, flow)) == "authorization_declined"
    flow = begin_device(server)
    server.clock.advance(900)
    assert error(poll_device(server, flow)) == "expired_token"


@pytest.mark.parametrize(("pressed", "status"), [("yes", 200), ("no", 400)])
def test_the_page_takes_the_code_by_hand(place: Place, pressed: str, status: int) -> None:
    flow = begin_device(place.server)
    page = flow["verification_uri"]
    assert 'name="user_code"' in requests.get(page, timeout=30).text
    wrong = requests.post(page, data={"user_code": "WRONG", "answer": "yes"}, timeout=30)
    assert "expired" in wrong.text
    requests.post(page, data={"user_code": flow["user_code"], "answer": pressed}, timeout=30)
    assert poll_device(place.server, flow).status_code == status
