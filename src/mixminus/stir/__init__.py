"""Who really calls: signed caller numbers (STIR/SHAKEN; RFC 8224, 8225, 8226, 8588)."""
