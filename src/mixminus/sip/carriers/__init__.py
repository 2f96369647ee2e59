"""What trunks want of us: registrations, callers' numbers, a choice of gateways."""
