"""Sound as arrays: codecs, tones, concealment, files. Arrays in, arrays out."""
