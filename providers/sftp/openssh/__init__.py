"""SFTP over the person's own ssh program, for a site that says `transport = "openssh"`."""
