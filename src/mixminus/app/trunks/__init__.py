"""Ways out to the phone network: gateways, their health, limits, registrations, and who can be reached."""
