"""A customer's application and a courier that reaches it, in virtual time."""

import asyncio
import itertools
from collections.abc import Callable

import pytest

from mixminus.testing.webhook_app import WebhookApp
from mixminus.webhooks.contract import Fetch
from mixminus.webhooks.fetching import Courier
from mixminus.webhooks.io.asgi import AsgiFetch

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def app() -> WebhookApp:
    """Answers at https://a.test/."""
    return WebhookApp()


@pytest.fixture
def courier_with(app: WebhookApp) -> Callable[..., Courier]:
    """Makes a courier; must be called inside the loop, whose clock it takes."""

    def make(fetch: Fetch | None = None) -> Courier:
        tokens = itertools.count(1)
        chosen = fetch or AsgiFetch({"a.test": app, "b.test": app, "ann.test:8080": app})
        return Courier(TOKEN, chosen, asyncio.get_running_loop().time, lambda: f"token-{next(tokens)}")

    return make
