"""`python -m tools.make_compatibility` writes docs/compatibility.md."""

from pathlib import Path

from tools.make_compatibility.page import compatibility_page

PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"

if __name__ == "__main__":
    PAGE.write_text(compatibility_page())
    print(f"wrote {PAGE.name}")
