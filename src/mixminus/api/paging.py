"""Lists: the paging envelope of the 2010 API (reference, 1.6)."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from mixminus.api.form import Form
from mixminus.api.request import ApiRequest
from mixminus.store.contract import Page, R, Where, Window

DEFAULT_PAGE_SIZE: Final = 50
MOST_PAGE_SIZE: Final = 1_000
PAGING: Final = frozenset({"PageSize", "Page", "PageToken"})

# Python's `list(limit=5000)` sends that number as PageSize: it is clamped, not refused (reference, 0).
_MOST = 10**12 - 1


async def list_answer(
    request: ApiRequest,
    key: str,
    kind: type[R],
    show: Callable[[R], Mapping[str, Any]],
    *conditions: Where,
) -> Response:
    """One page of the records that match, under *key*. Raises 21481, and 20422 for a page size that is no number."""
    size = page_size(request.form)
    number = request.form.integer("Page", 0, 10**9) or 0
    page = await request.node.store.page(kind, Window(size, request.form.word("PageToken")), *conditions)
    return JSONResponse({key: [show(record) for record in page.records]} | envelope(request, page, size, number))


def page_size(form: Form) -> int:
    """As asked for, within bounds. Raises 20422 for what is no number."""
    return max(1, min(form.integer("PageSize", -_MOST, _MOST) or DEFAULT_PAGE_SIZE, MOST_PAGE_SIZE))


def envelope(request: ApiRequest, page: Page[Any], size: int, number: int) -> dict[str, Any]:
    """Everything but the records. URIs are relative, and echo the filters."""

    def uri(page_number: int, token: str | None) -> str:
        return f"{quote(request.path)}?{_query(request.form, size, page_number, token)}"

    start = number * size if page.records else 0
    return {
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(0, len(page.records) - 1),
        "uri": uri(number, request.form.word("PageToken")),
        "first_page_uri": uri(0, None),
        "next_page_uri": uri(number + 1, page.next_token) if page.next_token else None,
        "previous_page_uri": uri(max(0, number - 1), page.previous_token) if page.previous_token else None,
    }


def _query(form: Form, size: int, number: int, token: str | None) -> str:
    pairs = [(name, value) for name, value in form.pairs if name not in PAGING]
    pairs += [("PageSize", str(size)), ("Page", str(number))]
    if token:
        pairs.append(("PageToken", token))
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
