"""`/Accounts`: the one there is."""

from typing import Any, Final

from starlette.responses import JSONResponse, Response

from mixminus.api import words
from mixminus.api.auth import Account, Who
from mixminus.api.paging import envelope
from mixminus.api.request import ApiRequest
from mixminus.api.routes import ACCOUNT, Operation
from mixminus.api.uris import API, account_uri
from mixminus.store.contract import Page

SUBRESOURCES: Final = {
    "applications": "Applications",
    "calls": "Calls",
    "conferences": "Conferences",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "keys": "Keys",
    "recordings": "Recordings",
}


def account_resource(account: Account) -> dict[str, Any]:
    uri = account_uri(account.sid)
    return {
        "auth_token": account.auth_token,
        "date_created": words.date(account.date_created),
        "date_updated": words.date(account.date_created),
        "friendly_name": account.friendly_name,
        "owner_account_sid": account.sid,
        "sid": account.sid,
        "status": "active",
        "subresource_uris": {name: f"{uri}/{path}.json" for name, path in SUBRESOURCES.items()},
        "type": "Full",
        "uri": f"{uri}.json",
    }


async def fetch_account(request: ApiRequest) -> Response:
    return JSONResponse(account_resource(request.accounts.account))


async def list_accounts(request: ApiRequest) -> Response:
    page: Page[Any] = Page((), None, None)
    return JSONResponse(
        {"accounts": [account_resource(request.accounts.account)]} | envelope(request, page, size=50, number=0)
    )


OPERATIONS = (
    Operation("GET", f"{API}/Accounts.json", list_accounts, Who.ACCOUNT),
    Operation("GET", f"{ACCOUNT}.json", fetch_account, Who.ACCOUNT),
)
