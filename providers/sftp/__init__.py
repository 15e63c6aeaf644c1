"""SFTP over SSH: packets, sessions, sign-in, and the provider on top (`provider.py`)."""

from providers.sftp import without_invoke as _  # noqa: F401  # before anything imports paramiko
