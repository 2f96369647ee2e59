"""How browsers are reached: connectivity checks, and the handshake that agrees on keys."""
