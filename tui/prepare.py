"""Before anything else: the private directories, and the log that no terminal sees."""

from __future__ import annotations

import logging
import os

from providers.errors import Denied
from tui.settings import Home, make_private


def prepare_home(home: Home) -> None:
    """Make the private directories and send our log there. Raises Denied."""
    try:
        for directory in (home.config, home.queue, home.logs):
            make_private(directory)
        os.close(os.open(home.log_file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    except OSError as error:
        raise Denied(
            str(error.filename),
            f"Wharfie cannot keep its files there ({error.strerror})",
            advice="Set WHARFIE_HOME to a directory that can be written.",
        ) from error
    handler = logging.FileHandler(home.log_file, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log = logging.getLogger("wharfie")
    log.handlers[:] = [handler]
    log.propagate = False
    logging.raiseExceptions = False  # a log that is full must not print over the screen
