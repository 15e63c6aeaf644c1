"""Files on web servers: HTTP(S) listings and downloads, uploads, WebDAV."""
