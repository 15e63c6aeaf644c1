"""Each tool that a server may have digests files of any name; a broken one is passed over."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from providers.access import Access
from providers.errors import Unsupported
from providers.sftp.provider import SftpProvider, open_endpoint
from tests.servers.openssh import OpenSSH, find_sshd

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

MIB = 1 << 20
NAMES = [
    b"plain",
    b"-rf",
    b"line\nbreak",
    b"back\\slash",
    b"latin-\xe9",
    b'quo\'te "$(id)" `id`',
    b"large",
    b"two  spaces ",
]
SIZES = [0, 1, MIB - 1, MIB, MIB + 1]
NEEDED = ("sh", "xargs")
BSD_SHA256 = '#!/bin/sh\n[ "$1" = -q ] && { d=$(/usr/bin/sha256sum) && echo "${d%% *}"; }\n'
OLD_OPENSSL = '#!/bin/sh\nfor each; do [ "$each" = -r ] && exit 1; done\necho "(stdin)= 00"\n'
NOISY = "#!/bin/sh\n/usr/bin/sha256sum\n[ ! -s /dev/stdin ]\n"
WRONG = f"#!/bin/sh\necho {'0' * 64}\n"


@contextmanager
def server_with(tmp_path: Path, tools: Mapping[str, str]) -> Iterator[SftpProvider]:
    """One that has `tools` only, by name: the text of a program, or where it is ("": as here)."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name, text in {**dict.fromkeys(NEEDED, ""), **tools}.items():
        if text.startswith("#!"):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        else:
            (folder / name).symlink_to(shutil.which(name) or pytest.fail(f"no {name} here"))
    with OpenSSH(tmp_path / "sshd", environment={"PATH": str(folder)}) as server:
        access = Access(
            tmp_path / "hosts",
            accept_new=True,
            keys=(server.key_path,),
            use_agent=False,
            use_default_keys=False,
        )
        with closing(open_endpoint(server.endpoint, access)) as place:
            yield place


def digests_are_right(place: SftpProvider, folder: Path) -> bool:
    folder.mkdir()
    right = []
    for name in NAMES:
        for size in SIZES:
            path, data = folder / os.fsdecode(name), os.urandom(size)
            path.write_bytes(data)
            found = place.digest(str(path), "sha256")
            right.append(found == hashlib.sha256(data).hexdigest())
    return all(right)


@pytest.mark.parametrize(
    "tools",
    [{"openssl": ""}, {"sha256sum": ""}, {"shasum": ""}, {"sha256": BSD_SHA256}],
    ids=lambda tools: next(iter(tools)),
)
def test_each_tool_alone_digests_files_of_any_name(tmp_path: Path, tools: dict[str, str]) -> None:
    with server_with(tmp_path, tools) as place:
        assert digests_are_right(place, tmp_path / "files")


@pytest.mark.parametrize(
    "tools",
    [
        {"openssl": OLD_OPENSSL, "sha256sum": ""},
        {"openssl": WRONG, "sha256sum": ""},
        {"openssl": "", "sha256sum": WRONG},
        {"openssl": WRONG, "sha256sum": WRONG, "sha256": BSD_SHA256},
    ],
    ids=["too old", "wrong openssl", "wrong sha256sum", "only the last is right"],
)
def test_a_tool_that_is_wrong_about_an_empty_file_is_passed_over(
    tmp_path: Path, tools: dict[str, str]
) -> None:
    with server_with(tmp_path, tools) as place:
        assert digests_are_right(place, tmp_path / "files")


@pytest.mark.parametrize("tools", [{}, {"openssl": WRONG}], ids=["none", "a wrong one"])
def test_without_a_tool_that_works_nothing_is_digested(
    tmp_path: Path, tools: dict[str, str]
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with server_with(tmp_path, tools) as place:
        with pytest.raises(Unsupported):
            place.digest(str(tmp_path / "file"), "sha256")
        assert place.caps.digests == frozenset()


def test_a_tool_that_fails_behind_its_digest_is_not_believed_and_disturbs_no_other(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "empty").write_bytes(b"")
    with server_with(tmp_path, {"sha256sum": NOISY}) as place:
        for _ in range(3):
            with pytest.raises(Unsupported):
                place.digest(str(tmp_path / "file"), "sha256")
            found = place.digest(str(tmp_path / "empty"), "sha256")
            assert found == hashlib.sha256().hexdigest()


def test_large_files_are_digested_by_openssl_and_small_ones_by_what_starts_faster(
    tmp_path: Path,
) -> None:
    noting = '#!/bin/sh\n[ -s /dev/stdin ] && echo {0} >> {1}\nexec /usr/bin/{0} "$@"\n'
    asked = tmp_path / "asked"
    tools = {name: noting.format(name, asked) for name in ("openssl", "sha256sum")}
    with server_with(tmp_path, tools) as place:
        for size in (MIB - 1, MIB):
            (tmp_path / "file").write_bytes(bytes(size))
            found = place.digest(str(tmp_path / "file"), "sha256")
            assert found == hashlib.sha256(bytes(size)).hexdigest()
    assert asked.read_text().split() == ["sha256sum", "openssl"]
