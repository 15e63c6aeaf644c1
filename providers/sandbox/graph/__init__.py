"""An emulator of Microsoft Graph's files and of Microsoft's sign-in, on loopback."""

from providers.sandbox.graph.clock import Clock
from providers.sandbox.graph.emulator import GraphServer

__all__ = ["Clock", "GraphServer"]
