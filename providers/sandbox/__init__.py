"""Servers on loopback with sample data, in a process of their own: for the demo and the tests."""
