"""The queue's own process: `python -m tui.headless.host`, started by whoever needs the queue first.

Its starter gives it a session of its own: a closed terminal, a dropped SSH login or a crashed
screen does not take it along. It says "ready" or what is wrong on its standard output, and from
then on speaks only over its socket and to the log.
"""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType

from providers.access import Access
from providers.base import Provider
from providers.environment import add_password, read_settings
from providers.errors import ProviderError
from providers.registry import open_provider
from transfers.engine import Engine
from transfers.host import Host
from transfers.journal_error import JournalError
from transfers.lock import QueueInUse
from transfers.reaching import Intruder
from tui.headless.attach import IN_USE, READY, admit
from tui.prepare import open_access, prepare_home
from tui.settings import find_home


def main() -> int:
    """Serve the queue of this home until nothing is left to do and nobody is there."""
    parser = ArgumentParser(prog="wharfie-host")
    parser.add_argument("--env-file", type=Path)
    env_file = parser.parse_args().env_file
    home = find_home(os.environ)
    try:
        prepare_home(home)
        settings = read_settings(
            os.environ, env_file or home.env_file, required=env_file is not None
        )
        access = open_access(home, settings)
        _serve(home.queue, access, settings)
    except QueueInUse:
        print(IN_USE, flush=True)
        return 1
    except (ProviderError, JournalError, Intruder, OSError) as error:
        print(error, flush=True)
        return 1
    return 0


def _serve(directory: Path, access: Access, settings: Mapping[str, str]) -> None:
    def open_one(endpoint: str) -> Provider:
        # Only where the settings name the host: nobody was asked about this endpoint here.
        if settings.get("SFTP_HOST") and not access.secrets.of(endpoint):
            add_password(settings, access, endpoint)
        return open_provider(endpoint, access)

    engine = Engine(directory, open_one, admit=lambda grant: admit(access, grant))
    try:
        host = Host(engine, directory)
        try:
            _obey_signals(host)
            with suppress(BrokenPipeError):  # who started it may be gone
                print(READY, flush=True)
            _let_go_of_terminal()
            host.run()
            engine.close()  # before the clients hear of it: they find the queue free
        finally:
            host.close()
    finally:
        engine.close()


def _obey_signals(host: Host) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        host.stop()

    for name in ("SIGTERM", "SIGINT"):
        signal.signal(signal.Signals[name], stop)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _let_go_of_terminal() -> None:
    """Nothing is read or written there any more; the starter's pipe ends."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
