"""What an agent is told of its place in a conference, and the key that a moderator is given."""

from collections.abc import Callable

from mixminus.app.conferences.moderators import ModeratorKey, ModeratorKeys
from mixminus.app.conferences.roles import Roles, Turns
from mixminus.app.streams.live_stream import LiveStream
from mixminus.base.types import FormPairs, Sid
from mixminus.calls.floor import Move
from mixminus.calls.role import Role
from mixminus.streams.messages import RoleBody


class StreamRole:
    """Of one stream that speaks for a call (see `roles.Follower`). What it knows dies with the stream."""

    def __init__(
        self, call_sid: Sid, stream: LiveStream, roles: Roles, keys: ModeratorKeys, api_url: Callable[[], str]
    ) -> None:
        self._call_sid = call_sid
        self._stream = stream
        self._roles = roles
        self._keys = keys
        self._api_url = api_url
        self._key: ModeratorKey | None = None
        self._role = Role()

    def begin(self) -> FormPairs:
        """The stream is about to begin. Returns what `start` says beyond the parameters that somebody wrote down."""
        self._role = self._roles.follow(self._call_sid, self)
        return self._new_key() if self._role.moderator else ()

    def introduce(self) -> None:
        """The stream has begun: an agent that asked for it knows from the first moment whether it is heard."""
        if self._role.conference_sid is not None:
            self._tell(())

    def move(self, call_sid: Sid) -> None:
        """The stream speaks for another call from now on."""
        self._roles.unfollow(self._call_sid, self)
        self._call_sid = call_sid
        role = self._roles.follow(call_sid, self)
        if role != self._role:
            self.role_changed(role)

    def end(self) -> None:
        """The stream is over; harmless when it never began."""
        self._roles.unfollow(self._call_sid, self)
        self._revoke()

    # --- Follower -------------------------------------------------------------------------------------------------

    def role_changed(self, role: Role) -> None:
        before, self._role = self._role, role
        if not role.moderator or role.conference_sid != before.conference_sid:
            self._revoke()
        told = self._stream.facts.reports_role and role.moderator and self._key is None
        self._tell(self._new_key() if told else ())

    def floor_is_kept(self, turns: Turns | None) -> None:
        self._stream.ask_turns(self._call_sid, turns)

    def take_turn(self, move: Move) -> None:
        self._stream.take_turn(move)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _new_key(self) -> FormPairs:
        conference = self._role.conference_sid
        assert conference is not None, "only a participant is a moderator"
        self._key = self._keys.issue(self._call_sid, conference)
        return (
            ("apiUrl", self._api_url()),
            ("apiKey", self._key.sid),
            ("apiSecret", self._key.secret),
            ("conference", conference),
        )

    def _revoke(self) -> None:
        if self._key is not None:
            self._keys.revoke(self._key.sid)
            self._key = None

    def _tell(self, parameters: FormPairs) -> None:
        role = self._role
        body = RoleBody(
            role.conference_sid,
            role.muted,
            role.held,
            role.coaching,
            role.coached_by,
            role.moderator,
            role.floor.value,
            dict(parameters),
        )
        self._stream.tell_role(body)
