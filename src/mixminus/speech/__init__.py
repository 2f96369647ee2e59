"""Speech to text and text to speech: what recognisers and voices have in common, and the rules of turns."""
