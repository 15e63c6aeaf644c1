"""What the commands do: `wharfie ls`, `copy`, `demo`, and the start of the screen."""
