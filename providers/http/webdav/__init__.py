"""WebDAV (RFC 4918): a web server's tree that can be listed, written and moved about in."""
