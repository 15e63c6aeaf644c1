"""What the tests of a broken network share: a real sshd behind the chaos proxy, and a queue."""
