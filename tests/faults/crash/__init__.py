"""Ends a running queue at numbered steps, starts it again, and looks whether anything was lost."""
