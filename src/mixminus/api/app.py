"""The REST API as one ASGI application."""

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from mixminus.api import errors, openapi
from mixminus.api.auth import Accounts, Who
from mixminus.api.headers import TwilioHeaders
from mixminus.api.health import health_routes
from mixminus.api.resources import (
    access_tokens,
    agents,
    alerts,
    applications,
    bans,
    calls,
    conferences,
    events,
    history,
    incoming_phone_numbers,
    keys,
    ledger,
    participants,
    presence,
    queues,
    recording_media,
    recordings,
    sip_trace,
    streams,
    tokens,
    tracks,
    webhooks,
)
from mixminus.api.resources import (
    accounts as accounts_resource,
)
from mixminus.api.routes import Operation, routes
from mixminus.app.contract import Node
from mixminus.base.errors import Refusal


def operations(listeners: Who = Who.CREDENTIALED) -> tuple[Operation, ...]:
    """Every operation, in the order in which paths are tried. *listeners* may fetch the sound of recordings."""
    return (
        *accounts_resource.OPERATIONS,
        *calls.OPERATIONS,
        *streams.OPERATIONS,
        *recordings.OPERATIONS,  # before the conferences, whose greedy paths come last
        *recording_media.operations(listeners),
        *conferences.OPERATIONS,
        *participants.OPERATIONS,
        *incoming_phone_numbers.OPERATIONS,
        *applications.OPERATIONS,
        *queues.OPERATIONS,
        *keys.OPERATIONS,
        *tokens.OPERATIONS,
        *access_tokens.OPERATIONS,
        *history.OPERATIONS,
        *ledger.OPERATIONS,
        *sip_trace.OPERATIONS,
        *presence.OPERATIONS,
        *bans.OPERATIONS,
        *agents.OPERATIONS,
        *tracks.operations(listeners),
        *events.OPERATIONS,
        *webhooks.OPERATIONS,
        *alerts.OPERATIONS,
        *openapi.OPERATIONS,
    )


def build_api(
    node: Node,
    accounts: Accounts,
    metrics: CollectorRegistry | None = None,
    listeners: Who = Who.CREDENTIALED,
) -> Starlette:
    """The API of *node*. `/metrics` shows *metrics*; recordings may be heard by *listeners*."""
    app = Starlette(
        routes=[
            *health_routes(node, metrics or CollectorRegistry()),
            *routes(node, accounts, operations(listeners)),
        ],
        middleware=[Middleware(TwilioHeaders, clock=node.clock, sids=node.sids)],
        exception_handlers={
            Refusal: errors.on_refusal,
            HTTPException: errors.on_http_exception,
            Exception: errors.on_crash,
        },
    )
    app.router.redirect_slashes = False  # a path is right or it is unknown
    return app
