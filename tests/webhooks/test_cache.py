"""GET documents, confirmed by ETag or date (twiml-and-streams 1.3)."""

from mixminus.webhooks.cache import DocumentCache
from mixminus.webhooks.contract import HttpAnswer, HttpRequest

GET = HttpRequest("GET", "https://a.test/wait.xml")
POST = HttpRequest("POST", "https://a.test/wait.xml")
NOT_MODIFIED = HttpAnswer(304, (), b"", GET.url)


def document(*headers: tuple[str, str], body: bytes = b"<Response/>") -> HttpAnswer:
    return HttpAnswer(200, headers, body, GET.url)


def test_a_kept_document_is_asked_for_conditionally_and_used_again() -> None:
    cache = DocumentCache()
    kept = document(("etag", '"1"'), ("last-modified", "Thu, 01 Jun 2017 20:48:32 GMT"))
    assert cache.validators(GET) == ()
    assert cache.settle(GET, kept) is kept
    assert dict(cache.validators(GET)) == {
        "If-None-Match": '"1"',
        "If-Modified-Since": "Thu, 01 Jun 2017 20:48:32 GMT",
    }
    assert cache.settle(GET, NOT_MODIFIED) is kept


def test_a_changed_document_replaces_the_kept_one() -> None:
    cache = DocumentCache()
    cache.settle(GET, document(("etag", '"1"')))
    changed = document(("etag", '"2"'), body=b"<Response><Pause/></Response>")
    assert cache.settle(GET, changed) is changed
    assert cache.settle(GET, NOT_MODIFIED) is changed


def test_posts_are_never_kept() -> None:
    cache = DocumentCache()
    cache.settle(POST, document(("etag", '"1"')))
    cache.settle(GET, document(("etag", '"1"')))
    assert cache.validators(POST) == ()


def test_what_may_not_be_kept_is_not() -> None:
    cache = DocumentCache()
    for answer in (
        document(),
        document(("etag", '"1"'), ("cache-control", "private, No-Store")),
        document(("etag", '"\udcff"')),
        HttpAnswer(404, (("etag", '"1"'),), b"", GET.url),
    ):
        cache.settle(GET, answer)
        assert cache.validators(GET) == ()


def test_the_least_recently_used_goes_first() -> None:
    cache = DocumentCache(most=2)
    requests = [HttpRequest("GET", f"https://a.test/{name}") for name in "abc"]
    for request in (requests[0], requests[1], requests[0], requests[2]):
        cache.settle(request, document(("etag", '"1"')))
    assert [bool(cache.validators(request)) for request in requests] == [True, False, True]
