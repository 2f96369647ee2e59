"""A small SIP user agent (RFC 3261) of the phones' own: both sides of a call, digest as a client, UDP and TCP."""
