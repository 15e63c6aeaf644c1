"""What the login server shows in a browser."""

from __future__ import annotations

import html
from urllib.parse import urlencode

from providers.sandbox.graph.wire import Answer

_HTML = {"Content-Type": "text/html; charset=utf-8"}
_DEVICE = """<form method="post" action="/devicelogin">
<p><label>Code <input name="user_code" autofocus></label></p>
<button name="answer" value="yes">Allow</button>
<button name="answer" value="no">Decline</button>
</form>"""


def device() -> Answer:
    return _page(_DEVICE)


def told(text: str) -> Answer:
    return _page(f"<p>{html.escape(text)}</p>")


def form_post(address: str, fields: dict[str, str]) -> Answer:
    """A page that sends `fields` to `address` by itself."""
    inputs = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in fields.items()
    )
    form = f'<form method="post" action="{html.escape(address)}">{inputs}'
    return _page(
        f"{form}<button>Continue</button></form><script>document.forms[0].submit()</script>"
    )


def redirect(address: str, fields: dict[str, str]) -> Answer:
    return Answer(302, headers={"Location": f"{address}?{urlencode(fields)}"})


def _page(body: str) -> Answer:
    head = "<!doctype html><title>Emulated sign-in</title>"
    return Answer(200, (head + body).encode(), _HTML)
