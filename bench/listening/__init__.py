"""How well an agent listens: scripted callers, a real conference, and a referee that only has waveforms."""
