"""From operations, as resources list them, to Starlette's routes: credentials and parameters are read here, once."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mixminus.api.auth import Accounts, Who
from mixminus.api.idempotency import Once
from mixminus.api.request import ApiRequest, form_of
from mixminus.api.uris import canonical
from mixminus.app.contract import Node
from mixminus.base.errors import not_found

Handler = Callable[[ApiRequest], Awaitable[Response]]

ACCOUNT = "/2010-04-01/Accounts/{account}"


@dataclass(frozen=True, slots=True)
class Operation:
    """A method on a path, and whose business it is."""

    method: str
    path: str
    handler: Handler
    who: Who = Who.CREDENTIALED
    tells_a_secret: bool = False
    """The answer does, so that no copy of it may be kept."""


def routes(node: Node, accounts: Accounts, operations: Iterable[Operation]) -> list[Route]:
    """One route per path, in the order in which the paths first appear."""
    once = Once()
    paths: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = operation
    return [
        Route(path, _endpoint(node, accounts, methods, once), methods=list(methods), include_in_schema=False)
        for path, methods in paths.items()
    ]


def _endpoint(
    node: Node, accounts: Accounts, methods: Mapping[str, Operation], once: Once
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(http: Request) -> Response:
        operation = methods["GET" if http.method == "HEAD" else http.method]
        asker = await accounts.admit(http.headers.get("authorization"), operation.who, node.moderators)
        account = http.path_params.get("account")
        if account is not None and canonical(account) != accounts.account.sid:
            raise not_found(http.scope["path"])
        request = ApiRequest(http, node, accounts, await form_of(http), asker)
        if operation.method == "POST" and not operation.tells_a_secret:
            return await once.perform(request, operation.handler)
        return await operation.handler(request)

    return endpoint
