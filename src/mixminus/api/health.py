"""What machines that look after the node ask: is it alive, may calls be sent to it, how is it doing."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mixminus.app.contract import Node


def health_routes(node: Node, metrics: CollectorRegistry) -> list[Route]:
    """`/healthz`, `/readyz` and `/metrics`, open to everybody (CONTRACT, "Commands")."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_request: Request) -> Response:
        ready = node.taking_calls
        return PlainTextResponse("taking calls\n" if ready else "not taking calls\n", 200 if ready else 503)

    async def show_metrics(_request: Request) -> Response:
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", show_metrics)]
