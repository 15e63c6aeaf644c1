"""Uploads to a plain web server: PUT and forms, what is asked first, and what is shown after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from providers.base import Kind, Writer
from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    Denied,
    InvalidName,
    NoSpace,
    NotEmpty,
    ProviderError,
    SourceChanged,
    TargetChanged,
    Throttled,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.http.form_data import form_of
from providers.http.options import Options
from providers.http.provider import HttpProvider
from tests.servers.http_place import place
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.servers.web_servers import Nginx, find_nginx

KEY = "0badcafe"
DATA = bytes(range(256)) * 100
PUT = Options(proxy="none")
POST = Options(
    proxy="none", upload="post", form_field="upload", form_extra=(("token", "a=b"), ("id", "7"))
)


class Shelf:
    """A server that keeps what it is sent. `refuse` answers in its place; `show`: whether HEAD and
    GET are answered; `lose`: the answer to the first upload is never sent."""

    def __init__(self, *, show: bool = True, lose: bool = False) -> None:
        self.files: dict[str, bytes] = {}
        self.show, self.lose = show, lose
        self.refuse: dict[str, bytes] = {}
        self.headers: dict[str, str] = {}

    def __call__(self, ask: Ask, wire: Wire) -> None:
        if ask.method in self.refuse:
            wire.say(self.refuse[ask.method])
            wire.hang_up()
        elif ask.method in {"PUT", "POST"}:
            self._take(ask, wire)
        elif not self.show:
            wire.say(answer(405))
        elif ask.target in self.files:
            data = self.files[ask.target]
            tag = {"ETag": f'"{hash(data)}"', "Content-Length": str(len(data))}
            wire.say(answer(200, b"" if ask.method == "HEAD" else data, tag))
        else:
            wire.say(answer(404))

    def _take(self, ask: Ask, wire: Wire) -> None:
        body = ask.body
        if ask.headers.get("expect") == "100-continue":
            wire.say(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = wire.body(ask.headers)
        if ask.method == "POST":
            part = parts_of(ask.headers["content-type"], body)[-1]
            name = part.get_filename() or ""
            self.files[f"{ask.target.rstrip('/')}/{name}"] = part.get_payload(decode=True)  # type: ignore[assignment]
        else:
            self.files[ask.target] = body
        if self.lose:
            self.lose = False
            wire.reset()
        wire.say(answer(201, b"", self.headers))


def parts_of(content_type: str, body: bytes) -> list[Message]:
    whole = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    assert whole.is_multipart() and not whole.defects
    return whole.get_payload()  # type: ignore[return-value]


@contextmanager
def web(shelf: Callable[[Ask, Wire], None], options: Options = PUT) -> Iterator[HttpProvider]:
    with ScriptedHttp(shelf) as server, place(server.base, options=options) as opened:
        yield opened


def begin(to: HttpProvider, path: str = "/dir/file", size: int | None = len(DATA)) -> str:
    return to.begin(path, size, key=KEY, part_size=1 << 20)


def upload(to: HttpProvider, path: str = "/dir/file", size: int | None = len(DATA)) -> str:
    token = begin(to, path, size)
    receipt = to.put_part(token, 0, 0, [DATA[:1000], DATA[1000:]])
    return to.finish(token, [receipt], replacing=None).path


# PUT ------------------------------------------------------------------------------------------


def test_place_says_that_bytes_go_straight_to_their_name() -> None:
    with web(Shelf()) as to:
        assert isinstance(to, Writer)
        assert (to.caps.in_place, to.caps.real_directories, to.caps.atomic_replace) == (
            True,
            False,
            False,
        )
    with web(Shelf(), Options(proxy="none", upload="none")) as to:
        assert to.caps.parts is None


@pytest.mark.parametrize("size", [len(DATA), None], ids=["length known", "length unknown"])
def test_file_is_put_and_looked_at(size: int | None) -> None:
    shelf = Shelf()
    with ScriptedHttp(shelf) as server, place(server.base, options=PUT) as to:
        token = begin(to, size=size)
        receipt = to.put_part(token, 0, 0, [DATA[:7], DATA[7:]])
        entry = to.finish(token, [receipt], replacing=None)
        [put] = server.asked("PUT")
    assert shelf.files == {"/dir/file": DATA}
    assert (entry.kind, entry.size) == (Kind.FILE, len(DATA))
    assert put.headers["if-none-match"] == "*"
    assert ("content-length" in put.headers) == (size is not None)


def test_large_file_is_sent_once_the_server_agrees() -> None:
    large = bytes(2 << 20)
    shelf = Shelf()
    with ScriptedHttp(shelf) as server, place(server.base, options=PUT) as to:
        token = begin(to, size=len(large))
        to.put_part(token, 0, 0, [large])
        [put] = server.asked("PUT")
    assert put.headers["expect"] == "100-continue"
    assert shelf.files["/dir/file"] == large


def test_large_file_that_is_refused_is_not_sent() -> None:
    shelf, taken = Shelf(), 0
    shelf.refuse["PUT"] = answer(413)

    def body() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(1 << 10):
            taken += 1 << 20
            yield bytes(1 << 20)

    with web(shelf) as to, pytest.raises(NoSpace):
        to.put_part(begin(to, size=1 << 30), 0, 0, body())
    assert taken == 0


def test_agreed_version_is_asked_for_with_the_bytes() -> None:
    shelf = Shelf()
    shelf.files["/dir/file"] = b"old"
    with ScriptedHttp(shelf) as server, place(server.base, options=PUT) as to:
        old = to.stat("/dir/file").version
        upload(to)
        [put] = server.asked("PUT")
    assert put.headers["if-match"] == old
    assert shelf.files["/dir/file"] == DATA


@pytest.mark.parametrize("there", [b"", b"old"], ids=["appeared", "changed"])
def test_what_changed_since_it_was_looked_at_is_not_replaced(there: bytes) -> None:
    shelf = Shelf()
    if there:
        shelf.files["/dir/file"] = there
    with web(shelf) as to:
        token = begin(to)
        shelf.files["/dir/file"] = b"somebody else's"
        with pytest.raises(UploadExpired):
            to.put_part(token, 0, 0, [DATA])
    assert shelf.files["/dir/file"] == b"somebody else's"


def test_broken_condition_is_a_changed_target() -> None:
    shelf = Shelf()
    shelf.refuse["PUT"] = answer(412)
    with web(shelf) as to, pytest.raises(TargetChanged):
        to.put_part(begin(to), 0, 0, [DATA])


def test_A8_upload_whose_answer_was_lost_is_settled_by_looking() -> None:
    shelf = Shelf(lose=True)
    with ScriptedHttp(shelf) as server, place(server.base, options=PUT) as to:
        upload(to)
        assert len(server.asked("PUT")) == 1
    assert shelf.files == {"/dir/file": DATA}


def test_A8_finish_after_a_restart_looks_what_is_there() -> None:
    shelf = Shelf()
    with web(shelf) as to:
        token = begin(to)
        to.put_part(token, 0, 0, [DATA])
        assert to.finish(token, [], replacing=None, again=True).size == len(DATA)
        shelf.files["/dir/file"] = DATA[:-1]
        with pytest.raises(UploadExpired):
            to.finish(token, [], replacing=None)


def test_old_file_of_the_same_size_is_not_taken_for_the_new_one() -> None:
    shelf = Shelf()
    shelf.files["/dir/file"] = bytes(len(DATA))
    with web(shelf) as to:
        token = begin(to)
        with pytest.raises(UploadExpired):
            to.finish(token, [], replacing=None)


def test_empty_file_needs_no_part() -> None:
    shelf = Shelf()
    with web(shelf) as to:
        assert to.finish(begin(to, size=0), [], replacing=None).size == 0
    assert shelf.files == {"/dir/file": b""}


def test_source_that_fails_is_the_error_that_is_told() -> None:
    def broken() -> Iterator[bytes]:
        yield DATA[:10]
        raise SourceChanged("elsewhere")

    with web(Shelf()) as to, pytest.raises(SourceChanged):
        to.put_part(begin(to), 0, 0, broken())


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (507, NoSpace, "507"),
        (423, Throttled, "locked"),
        (405, Unsupported, "405"),
        (409, Denied, "409"),
    ],
)
def test_refusal_says_why(status: int, kind: type[ProviderError], says: str) -> None:
    shelf = Shelf()
    shelf.refuse["PUT"] = answer(status, b"<html>\x1b[31m")
    with web(shelf) as to, pytest.raises(kind, match=says) as caught:
        upload(to)
    assert str(caught.value).isprintable()


def test_what_was_stored_is_looked_at_where_the_server_says_it_is() -> None:
    shelf = Shelf()
    shelf.files["/kept/file%20(2)"] = DATA
    shelf.headers = {"Location": "/kept/file%20%282%29"}
    with web(shelf) as to:
        assert upload(to) == "/kept/file%20(2)"


def test_address_of_another_server_is_not_looked_at() -> None:
    shelf = Shelf()
    shelf.headers = {"Location": "http://192.0.2.1/dir/file"}
    with web(shelf) as to:
        assert upload(to) == "/dir/file"


def test_what_is_out_of_sight_has_no_size() -> None:
    shelf = Shelf()
    with web(shelf) as to:
        token = begin(to)
        receipt = to.put_part(token, 0, 0, [DATA])
        shelf.show = False
        assert to.finish(token, [receipt], replacing=None).size is None


def test_folders_need_not_be_made_and_nothing_is_renamed() -> None:
    shelf = Shelf()
    shelf.files["/file"] = b"x"
    with web(shelf) as to:
        to.make_dir("/new")
        with pytest.raises(AlreadyExists):
            to.make_dir("/file")
        with pytest.raises(Unsupported):
            to.rename("/file", "/other")


def test_file_is_not_put_outside_of_the_chosen_folder() -> None:
    with web(Shelf()) as to, pytest.raises(InvalidName):
        to.begin("/chosen-not/file", 1, key=KEY, part_size=1, within="/chosen")


def test_folders_of_a_real_server_are_kept_from_harm(tmp_path: Path) -> None:
    if find_nginx() is None:
        pytest.skip("no nginx here: install nginx")
    with Nginx(tmp_path / "nginx", dav=True) as server, place(server.base, options=PUT) as to:
        (server.root / "dir" / "empty").mkdir(parents=True)
        with pytest.raises(WrongKind):
            begin(to, "/dir")
        for path in ("/dir", "/dir/empty"):
            with pytest.raises(NotEmpty):
                to.delete(path)
        upload(to)
        to.delete("/dir/file")
        assert [left.name for left in (server.root / "dir").iterdir()] == ["empty"]


# Forms ----------------------------------------------------------------------------------------


def test_form_is_posted_with_the_fields_of_the_site() -> None:
    shelf = Shelf()
    with ScriptedHttp(shelf) as server, place(server.base, options=POST) as to:
        assert upload(to) == "/dir/file"
        [post] = server.asked("POST")
    assert post.target == "/dir"
    token, number, file = parts_of(post.headers["content-type"], post.body)
    assert token.get_param("name", header="Content-Disposition") == "token"
    assert (token.get_payload(), number.get_payload()) == ("a=b", "7")
    assert file.get_param("name", header="Content-Disposition") == "upload"
    assert file.get_payload(decode=True) == DATA
    assert int(post.headers["content-length"]) == len(post.body)


def test_form_of_unknown_length_is_sent_in_chunks() -> None:
    shelf = Shelf()
    with ScriptedHttp(shelf) as server, place(server.base, options=POST) as to:
        upload(to, size=None)
        assert server.asked("POST")[0].headers["transfer-encoding"] == "chunked"
    assert shelf.files == {"/dir/file": DATA}


def test_form_is_sent_to_the_address_that_takes_it() -> None:
    shelf = Shelf()

    def strict(ask: Ask, wire: Wire) -> None:
        if ask.method == "POST" and not ask.target.endswith("/"):
            wire.say(answer(301, b"", {"Location": f"{ask.target}/"}))
        else:
            shelf(ask, wire)

    with web(strict, POST) as to:
        token = begin(to)
        with pytest.raises(ConnectionLost):
            to.put_part(token, 0, 0, [DATA])
        to.put_part(token, 0, 0, [DATA])
    assert shelf.files == {"/dir/file": DATA}


def test_page_of_a_form_is_the_folder_that_takes_files() -> None:
    def page(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, b"", {"Content-Type": "text/html; charset=utf-8"}))

    with web(page, POST) as to:
        assert to.stat("/upload").kind is Kind.DIR


def test_form_is_sent_where_nothing_is_ever_shown() -> None:
    shelf = Shelf(show=False)
    with web(shelf, POST) as to:
        token = begin(to)
        receipt = to.put_part(token, 0, 0, [DATA])
        assert to.finish(token, [receipt], replacing=None).size is None
        with pytest.raises(UploadExpired):
            to.finish(token, [], replacing=None)
    assert shelf.files == {"/dir/file": DATA}


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ('a"b.txt', b'filename="a%22b.txt"'),
        ("line\r\nX-Evil: 1", b'filename="line%0D%0AX-Evil: 1"'),
        ("straße 🚢", 'filename="straße 🚢"'.encode()),
        ("back\\slash", b'filename="back\\slash"'),
        ("latin \udce9", b'filename="latin \xe9"'),
    ],
)
def test_name_in_a_form_is_written_as_browsers_do(name: str, sent: bytes) -> None:
    form = form_of(name, field="file", extra=(), boundary="b")
    assert sent in form.head and b"filename*" not in form.head
    assert form.head.count(b"\r\n") == 4


def test_form_tells_its_length_without_the_file() -> None:
    form = form_of("n", field='f"', extra=(("a\n", "v"),), boundary="b")
    assert form.length(5) == len(b"".join(bytes(piece) for piece in form.around([b"12345"])))
    assert form.length(None) is None
    assert b'name="f%22"' in form.head and b'name="a%0A"' in form.head
