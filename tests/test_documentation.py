"""Links on the pages lead somewhere, to the very heading."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page for folder in (".", "docs", "docs/decisions", "examples", "bench") for page in (ROOT / folder).glob("*.md")
)


def prose(page: Path) -> str:
    """Without blocks of code: a `#` there begins a comment."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchor(heading: str) -> str:
    """What a heading is called in links: lower case, hyphens for spaces, no punctuation."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {anchor(heading) for heading in re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)}


def links(page: Path) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", prose(page)))
    return [link for link in found if not link.startswith(("http:", "https:", "mailto:"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_of_a_page_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for link in links(page):
        file, _, heading = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        assert not heading or heading in anchors(target), link


def test_a_heading_is_called_what_its_letters_say() -> None:
    assert anchor("Who calls, and who sent the call on") == "who-calls-and-who-sent-the-call-on"
    assert anchor("What `--rtp` is, [here](sip.md#x)") == "what---rtp-is-here"


def test_links_are_found() -> None:
    """Else the test above would be glad of everything."""
    assert "webrtc.md" in links(ROOT / "docs" / "sip.md")
    assert "sip.md#look-at-a-trunk" in links(ROOT / "docs" / "running.md")
