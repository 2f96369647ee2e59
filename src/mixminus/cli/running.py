"""A node as a whole: the world and the HTTP server in front of it."""

import os
from typing import Self

from mixminus.api.app import build_api
from mixminus.api.auth import Account, Accounts, Who
from mixminus.app.account import Credentials
from mixminus.app.world import World
from mixminus.base.settings import Endpoint, Settings
from mixminus.cli.http_server import HttpServer
from mixminus.cli.metrics import registry_of


class RunningNode:
    """`async with RunningNode(settings, credentials) as node`: from then on it takes calls and answers REST."""

    def __init__(self, settings: Settings, credentials: Credentials) -> None:
        self._settings = settings
        self._credentials = credentials
        self.world = World(settings, credentials)
        self.http = settings.http

    @property
    def sip(self) -> Endpoint:
        return self.world.sip_address

    @property
    def base_url(self) -> str:
        """Where the official SDKs are pointed."""
        return f"http://{self.http}"

    async def __aenter__(self) -> Self:
        await self.world.__aenter__()
        account = Account(
            self._credentials.account_sid, self._credentials.auth_token, date_created=self._credentials.made_at
        )
        api = build_api(
            self.world.node.exchange,
            Accounts(account, self.world.store, os.urandom),
            metrics=registry_of(self.world),
            listeners=Who.ANYBODY if self._settings.public_recordings else Who.CREDENTIALED,
        )
        self._server = HttpServer(api)
        try:
            self.http = await self._server.start(self._settings.http)
        except BaseException:
            await self.world.__aexit__()
            raise
        if self._settings.public_url is None:
            self.world.public_url = self.base_url
        self.world.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.world.node.logs.events.close()  # who follows them must not hold up the server
        await self._server.stop()
        await self.world.__aexit__()
