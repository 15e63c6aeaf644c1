"""HTTP/1.1 on the wire, for every place that is spoken to over it."""
