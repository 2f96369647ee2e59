"""The load generator: SIP phones by the thousand, a process of its own, on one core beside the server."""
