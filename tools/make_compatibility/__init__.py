"""Makes docs/compatibility.md from the code's own tables."""
