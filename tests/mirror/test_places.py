"""Every two kinds of places: hostile names mirrored, equal byte by byte, and nothing the second
time. `python -m tests.faults.mirror_places --files 10000` is the big run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.mirror_grounds import Shell, grounds
from tests.faults.mirror_places import PAIRS, run_pair
from tests.servers.openssh import find_sshd
from tests.servers.s3_servers import find_juicefs
from tests.servers.web_nginx import find_nginx

FILES = 200
_NEEDED = {"sftp": find_sshd, "http": find_nginx, "s3": find_juicefs}


@pytest.mark.skipif(os.name == "nt", reason="names that Windows cannot have")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("pair", PAIRS)
def test_a_tree_of_hostile_names_is_mirrored_and_the_second_run_only_lists(
    pair: str, tmp_path: Path
) -> None:
    for kind in pair.split("-"):
        if kind in _NEEDED and _NEEDED[kind]() is None:
            pytest.skip(f"no server here for {kind}")
    shell = Shell(tmp_path)
    with grounds(tmp_path, shell) as made:
        result = run_pair(pair, FILES, made, shell)
    assert not result.harm, "\n".join(result.harm)
    assert result.copies > FILES / 3  # a drive takes twins for one, and whole folders of them
    assert result.again == 0
