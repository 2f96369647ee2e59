"""What is asked and served besides calls: questions of ours, texts, lamps."""
