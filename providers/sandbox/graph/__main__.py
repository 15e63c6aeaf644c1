"""Runs the emulator by hand: prints the environment variables to use, ends when its stdin does."""

from __future__ import annotations

import argparse
import contextlib
import sys

from providers.sandbox.graph.emulator import GraphServer
from providers.sandbox.graph.profiles import PROFILES


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m providers.sandbox.graph", description=__doc__)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="personal")
    options = parser.parse_args(arguments)
    with GraphServer(options.profile) as server:
        _say(server)
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdin.read()
    return 0


def _say(server: GraphServer) -> None:
    settings = server.environment() | {
        "GRAPH_TOKEN": server.issue_token(seconds=24 * 3600),
        "AZURE_CLIENT_ID": server.client_id,
        "AZURE_TENANT_ID": server.tenant,
    }
    for name, value in settings.items():
        sys.stdout.write(f"export {name}={value}\n")
    sys.stdout.write(f"# device codes are entered at {server.login_base}/devicelogin\n")
    sys.stdout.write("# Ctrl-D or Ctrl-C ends it; nothing is kept\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
