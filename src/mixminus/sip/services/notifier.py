"""Who watches what: SUBSCRIBE from outside a dialog, and the state that subscriptions are told (RFC 6665)."""

from collections import Counter
from typing import Final

from mixminus.sip.contract import Address, DialogState, LampDialog
from mixminus.sip.endpoint import Endpoint
from mixminus.sip.messages.message import HeaderLines, Request
from mixminus.sip.messages.uri import Uri
from mixminus.sip.services.event_packages import ALLOW_EVENTS, PACKAGES
from mixminus.sip.services.subscription import MIN_EXPIRES_S, Subject, Subscription, TooBrief, expires_of
from mixminus.sip.trust.refusing import Refusing

MAX_OF_ONE_WATCHER: Final = 100
"""Lamps of one user: the largest side cars have sixty."""
MAX_SUBSCRIPTIONS: Final = 10_000


class Notifier:
    """Serves SUBSCRIBE (see `outside.Service`), and keeps what users' lamps show."""

    def __init__(self, endpoint: Endpoint, refusing: Refusing) -> None:
        self._endpoint = endpoint
        self._refusing = refusing
        self._by_tag: dict[tuple[str, str], Subscription] = {}
        self._watching: dict[str, dict[Subscription, None]] = {}
        """By the user that is watched."""
        self._of_watcher: Counter[str] = Counter()
        self._dialogs: dict[str, tuple[LampDialog, ...]] = {}

    def __len__(self) -> int:
        return len(self._by_tag)

    def find(self, request: Request) -> Subscription | None:
        """The subscription whose dialog a request belongs to."""
        return self._by_tag.get((request.call_id, request.to.tag or ""))

    def show(self, user: str, dialogs: tuple[LampDialog, ...], now: float) -> None:
        """The calls of a user are these now; ended ones are told once."""
        self._dialogs[user] = dialogs
        for subscription in list(self._watching.get(user, ())):
            subscription.changed(now)
        live = tuple(dialog for dialog in dialogs if dialog.state is not DialogState.TERMINATED)
        if live:
            self._dialogs[user] = live
        else:
            del self._dialogs[user]

    def connection_lost(self, address: Address) -> None:
        for subscription in self._by_tag.values():
            subscription.connection_lost(address)

    def __call__(self, request: Request, source: Address, user: str | None, now: float) -> None:
        watched = Uri.parse(request.uri).user or ""
        if (fault := self._fault(request, watched, user)) is not None:
            status, headers = fault
            self._refusing.answer(request, source, status, headers)
            return
        subject = Subject(
            package=PACKAGES[request.word("Event")],
            event=request.get("Event") or "",
            user=watched,
            entity=request.to.uri,
            watcher=user or "",
        )
        server = self._endpoint.layer.open_server(request, source, now)
        subscription = Subscription(self._endpoint, server, subject, self._dialogs_of, self._forget)
        self._by_tag[subscription.dialog.call_id, subscription.dialog.local_tag] = subscription
        self._watching.setdefault(watched, {})[subscription] = None
        self._of_watcher[subject.watcher] += 1
        subscription.begin(server, now)

    def _fault(self, request: Request, watched: str, user: str | None) -> tuple[int, HeaderLines] | None:
        package = PACKAGES.get(request.word("Event"))
        if package is None:
            return 489, (ALLOW_EVENTS,)  # RFC 6665 4.2.1.1, also without any Event
        if request.contact is None:
            return 400, ()
        if not request.accepts(package.content_type):
            return 406, (("Accept", package.content_type),)
        if watched not in self._endpoint.settings.users:
            return 404, ()
        if package.is_private and watched != user:
            return 403, ()
        try:
            expires_of(request)
        except TooBrief:
            return 423, (("Min-Expires", str(MIN_EXPIRES_S)),)
        if self._of_watcher[user or ""] >= MAX_OF_ONE_WATCHER or len(self) >= MAX_SUBSCRIPTIONS:
            return 503, (("Retry-After", "60"),)
        return None

    def _dialogs_of(self, user: str) -> tuple[LampDialog, ...]:
        return self._dialogs.get(user, ())

    def _forget(self, subscription: Subscription) -> None:
        subject, dialog = subscription.subject, subscription.dialog
        self._by_tag.pop((dialog.call_id, dialog.local_tag), None)
        watching = self._watching.get(subject.user, {})
        watching.pop(subscription, None)
        if not watching:
            self._watching.pop(subject.user, None)
        self._of_watcher[subject.watcher] -= 1
        if self._of_watcher[subject.watcher] <= 0:
            del self._of_watcher[subject.watcher]
