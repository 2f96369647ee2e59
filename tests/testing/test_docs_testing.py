"""Every example of docs/testing.md runs."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
EXAMPLES = re.findall(
    r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL
)


def test_the_page_has_its_examples() -> None:
    assert len(EXAMPLES) == PAGE.read_text().count("```python") == 7


@pytest.mark.parametrize(("title", "example"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_an_example_runs(title: str, example: str) -> None:
    exec(compile(example, f"docs/testing.md, {title}", "exec"), {})
