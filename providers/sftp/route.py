"""The way to a server: straight, over other servers (ProxyJump), or by a command (ProxyCommand)."""

from __future__ import annotations

from functools import partial

import paramiko

from providers import location
from providers.access import Access
from providers.errors import Denied, Unreachable, Unsupported
from providers.records import replace
from providers.sftp.connect import closed_on_error, connect, dial_to, shut, translated
from providers.sftp.dial import PatientSocket
from providers.sftp.patience import Patience
from providers.sftp.sign_in import sign_in
from providers.sftp.target import Target, configured, target
from providers.sftp.through import OverCommand, OverServer
from providers.sftp.wire import Wire

_MOST_HOPS = 8


def arrive(to: Target, access: Access, wire: Wire, *, hops: int = 0) -> paramiko.Transport:
    """A connection to `to` (which is `configured`) whose host key is accepted; nobody is signed in.

    Signs in to each server on the way, which may ask for secrets and host keys of its own: those
    errors name its endpoint. Raises as `connect` does, and AuthRequired for those.
    """
    wire.patience = patience_for(wire.patience, to)
    way = _way(to, access, wire, hops)
    try:
        transport = connect(to, access, wire, way)
    except Unreachable as error:
        said = way.last_words() if isinstance(way, OverCommand) else ""
        if not said:
            raise
        what = error.what.partition(": ")[2]
        raise Unreachable(wire.endpoint, f"{what}; its ProxyCommand said “{said}”") from error
    if to.options.alive_interval:
        transport.set_keepalive(max(1, int(to.options.alive_interval)))
    return transport


def describe(to: Target) -> str:
    """The way in words; "" when it is straight."""
    if to.options.jump:
        return f"over {' and '.join(to.options.jump.split(','))} (ProxyJump)"
    return "by the ProxyCommand of ~/.ssh/config" if to.options.command else ""


def patience_for(usual: Patience, to: Target) -> Patience:
    """ConnectTimeout and ServerAlive… of the person; silence is never given less than usual."""
    said = to.options
    seconds = said.connect_timeout
    if seconds is not None:
        usual = replace(usual, connect=seconds, greeting=seconds, key_exchange=seconds)
    return replace(usual, answer=max(usual.answer, said.alive_interval * said.alive_count))


def _way(to: Target, access: Access, wire: Wire, hops: int) -> PatientSocket | OverServer:
    if to.options.jump:
        return _over_servers(to, access, wire, hops)
    if to.options.command:
        try:
            return OverCommand.start(to.options.command, wire)
        except OSError as error:
            what = f"its ProxyCommand cannot be started ({error.strerror})"
            raise Unreachable(wire.endpoint, what) from error
    return dial_to(to, wire)


def _over_servers(to: Target, access: Access, wire: Wire, hops: int) -> PatientSocket | OverServer:
    """A channel to `to` from the last of its ProxyJump; that one is reached over those before."""
    *before, last = to.options.jump.split(",")
    hop = configured(_hop(last), access)
    if (hop.host, hop.port) == (to.host, to.port):  # “Host *” is about that server, too
        return dial_to(to, wire)
    if hops >= _MOST_HOPS:
        raise Unsupported(
            to.endpoint,
            "ProxyJump leads in a circle",
            advice="Look at it with “ssh -G HOST”: the last server needs “ProxyJump none”.",
        )
    if before:
        hop = replace(hop, options=replace(hop.options, jump=",".join(before), command=""))
    transport = arrive(hop, access, wire, hops=hops + 1)
    with closed_on_error(transport):
        sign_in(transport, hop, access, wire)
        channel = _channel(transport, hop, to, wire)
        return OverServer(channel, partial(shut, transport), wire)


def _hop(text: str) -> Target:
    """Raises InvalidName."""
    return target(location.endpoint("sftp", text.strip().removeprefix("ssh://")))


def _channel(
    transport: paramiko.Transport, hop: Target, to: Target, wire: Wire
) -> paramiko.Channel:
    seconds = wire.patience.connect
    try:
        with translated(hop.endpoint), wire.within(seconds):
            return transport.open_channel(
                "direct-tcpip", (to.host, to.port), ("127.0.0.1", 0), timeout=seconds
            )
    except Denied as error:  # what a refused channel is otherwise
        raise Unreachable(
            wire.endpoint,
            f"{hop.host} has no way to {to.host} port {to.port} ({error.what})",
            advice="Check that it may forward connections (AllowTcpForwarding), and the address.",
        ) from error
