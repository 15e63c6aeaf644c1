"""A server on loopback with sample data, in a process of its own: for the demo and the tests."""
