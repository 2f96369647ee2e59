"""One module per concern: its tables, and how a record becomes a row and back."""
