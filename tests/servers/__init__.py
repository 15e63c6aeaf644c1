"""Real servers on loopback, configured and started by the tests themselves."""
