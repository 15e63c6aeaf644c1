"""SFTP over SSH: packets, sessions, sign-in, and the provider on top (`provider.py`)."""
