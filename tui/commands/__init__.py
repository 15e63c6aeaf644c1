"""What keys do with files and places: one file a subject, one function a command."""
