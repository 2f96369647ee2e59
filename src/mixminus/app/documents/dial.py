"""`<Dial>` to numbers, SIP addresses, clients and applications: ring, let one win, bridge, tell how it went."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import urlencode

from mixminus.app.calls.call_session import CallSession, CallWishes, Verdict
from mixminus.app.calls.line import Unreached
from mixminus.app.calls.place_call import PlacedCall, Placing
from mixminus.app.documents.bridge import Bridge
from mixminus.app.documents.conversation import Conversations
from mixminus.app.documents.interrupted import Interrupted
from mixminus.app.documents.options_from_twiml import CALL_EVENTS, callback
from mixminus.app.documents.stage import Stage
from mixminus.app.documents.tape import Tape
from mixminus.app.sounds.prompting import FOREVER, Loudspeaker
from mixminus.app.sounds.ringback import NORTH_AMERICAN, RINGBACK
from mixminus.base.errors import Refusal
from mixminus.calls.options import DialOptions
from mixminus.calls.records import CallStatus, Direction
from mixminus.twiml.effects import Dialled, DialTargets, GoTo, Target, TargetKind

OK = 200
"""What a SIP phone that was reached has answered (RFC 3261 21.2)."""


class Ringing:
    """The far ends of one `<Dial>` while nobody has won yet."""

    def __init__(self, stage: Stage, bridge: Bridge, ring_tone: str | None, tape: Tape) -> None:
        """*ring_tone*: heard whatever sounds the far end has."""
        self._stage = stage
        self._bridge = bridge
        self._ring_tone = ring_tone
        self._tape = tape
        self._open = 0
        self._sip_call_id: str | None = None
        self._unreached = Unreached(CallStatus.FAILED, None, "There was nobody to call.")
        self._loudspeaker = Loudspeaker(stage.services.media, leg=stage.leg) if stage.is_answered else None
        self._ringback: asyncio.Task[None] | None = None
        self.won: asyncio.Future[CallSession | None] = asyncio.get_running_loop().create_future()

    def add(self) -> None:
        """One more is being called."""
        self._open += 1

    def ringing(self) -> None:
        """Somebody's phone rings: the caller hears it ring."""
        if not self.won.done():
            self._tape.ringing()
        if self._loudspeaker is not None and self._ringback is None and not self.won.done():
            tone = RINGBACK[self._ring_tone] if self._ring_tone else NORTH_AMERICAN
            playing = self._loudspeaker.play(*tone, loops=FOREVER)
            self._ringback = self._stage.services.tasks.spawn(playing, f"ringback for {self._stage.sid}")

    def early_media(self, leg: int) -> None:
        """The far end has its own ringback, which the caller hears instead, unless the document chose one."""
        if self._ring_tone is not None:
            self.ringing()
            return
        if not self.won.done():
            self._tape.ringing()
        if self._stage.is_answered and not self.won.done():
            self.quiet()
            self._bridge.overhear(self._stage.leg, leg)

    def answered(self, child: CallSession) -> bool:
        """Whether this one is the first."""
        if self.won.done():
            return False
        self.won.set_result(child)
        return True

    def unreached(self, unreached: Unreached, sip_call_id: str | None = None) -> None:
        self._open -= 1
        self._unreached, self._sip_call_id = unreached, sip_call_id
        if self._open == 0 and not self.won.done():
            self.won.set_result(None)

    def quiet(self) -> None:
        """No more ringback, and none that is about to begin."""
        if self._loudspeaker is not None:
            self._stage.services.media.apply(*self._loudspeaker.hush())
            self._loudspeaker = None
        if self._ringback is not None:
            self._ringback.cancel()

    @property
    def failure(self) -> Dialled:
        """What `<Dial action>` is told when nobody answered; the last one's reason, as Twilio tells."""
        return Dialled(
            status=str(self._unreached.status),
            sip_response_code=self._unreached.sip_code,
            sip_call_id=self._sip_call_id,
            recording_url=self._tape.url,
        )


class BeDialled:
    """The errand of a far end: be the first to answer, hear the whisper, talk until the bridge is gone."""

    def __init__(self, ringing: Ringing, whisper: Callable[[Stage], Awaitable[bool]] | None) -> None:
        self._ringing = ringing
        self._whisper = whisper
        self.left = asyncio.Event()

    def dialling(self, session: CallSession) -> None:
        """The caller hears nothing of it."""

    def ringing(self, session: CallSession) -> None:
        self._ringing.ringing()

    def early_media(self, session: CallSession) -> None:
        self._ringing.early_media(session.leg)

    def unreached(self, session: CallSession, unreached: Unreached) -> None:
        self._ringing.unreached(unreached, _sip_call_id(session))

    async def run(self, session: CallSession) -> None:
        try:
            if await self._agrees(session) and self._ringing.answered(session):
                await asyncio.Event().wait()
        finally:
            self.left.set()

    async def _agrees(self, session: CallSession) -> bool:
        agreed = False
        try:
            agreed = self._whisper is None or await self._whisper(session)
        finally:  # also when it hangs up or is redirected during the whisper
            if not agreed:
                self._ringing.unreached(Unreached(CallStatus.NO_ANSWER, None, "The called party declined the call."))
        return agreed


class Dial:
    """Performs `DialTargets` for any stage."""

    def __init__(self, placing: Placing) -> None:
        self._placing = placing
        self.conversations = Conversations()
        self.whisper: Callable[[Stage, GoTo], Awaitable[bool]]
        """Runs a whisper document; set when the runner exists."""

    async def targets(self, stage: Stage, effect: DialTargets) -> Dialled:
        """Returns when the caller's call goes on without the far end."""
        if not effect.answer_on_bridge:
            await stage.answer()
        groups = [[target] for target in effect.targets] if effect.sequential else [list(effect.targets)]
        dialled, tape = Dialled(status="failed"), Tape(stage, effect.recording)
        try:
            with self.conversations.expected(stage):
                for group in groups:
                    dialled = await self._ring(stage, effect, group, tape)
                    if dialled.bridged:
                        break
        finally:
            tape.stop()
        return dialled

    async def _ring(self, stage: Stage, effect: DialTargets, targets: Sequence[Target], tape: Tape) -> Dialled:
        bridge = Bridge(stage.services.media)
        ringing = Ringing(stage, bridge, effect.ring_tone, tape)
        children: list[tuple[CallSession, BeDialled]] = []
        winner: CallSession | None = None
        try:
            for target in targets:
                if child := self._call(stage, effect, target, ringing):
                    children.append(child)
            if not children:
                return ringing.failure
            try:
                winner = await ringing.won
            except asyncio.CancelledError as cancellation:
                raise Interrupted(Dialled("canceled", recording_url=tape.url)) from cancellation
        finally:
            ringing.quiet()
            if winner is None:
                bridge.part()
            # Who has left for somewhere else, redirected through the API, is nobody's child any more.
            others = [child for child, errand in children if child is not winner and not errand.left.is_set()]
            _hang_up(others, CallStatus.CANCELED)
        if winner is None:
            return ringing.failure
        errand = next(errand for child, errand in children if child is winner)
        return await self._talk(stage, effect, winner, errand, bridge, tape)

    def _call(
        self, stage: Stage, effect: DialTargets, target: Target, ringing: Ringing
    ) -> tuple[CallSession, BeDialled] | None:
        whisper = None
        if target.whisper_url is not None:
            where = GoTo(target.whisper_url, target.whisper_method)
            whisper = partial(self._whisper_to, where)
        errand = BeDialled(ringing, whisper)
        dial = DialOptions(
            to=_address(target),
            from_=effect.caller_id or stage.record.from_,
            timeout_s=effect.timeout_s,
            sip_auth_username=target.username,
            sip_auth_password=target.password,
        )
        wishes = CallWishes(
            callback=callback(target.callback, CALL_EVENTS),
            timeout_s=effect.timeout_s,
            time_limit_s=effect.time_limit_s,
            send_digits=target.send_digits,
        )
        ringing.add()
        try:
            placed = PlacedCall(dial, errand, wishes, Direction.OUTBOUND_DIAL, parent_call_sid=stage.sid)
            return self._placing.place(placed), errand
        except Refusal as refusal:
            stage.warn(refusal.code, refusal.message)
            ringing.unreached(Unreached(CallStatus.FAILED, None, refusal.message))
            return None

    async def _whisper_to(self, where: GoTo, stage: Stage) -> bool:
        return await self.whisper(stage, where)

    async def _talk(
        self,
        stage: Stage,
        effect: DialTargets,
        child: CallSession,
        errand: BeDialled,
        bridge: Bridge,
        tape: Tape,
    ) -> Dialled:
        try:
            await stage.answer()
        except BaseException:
            bridge.part()
            _hang_up([child], CallStatus.CANCELED)
            raise
        talk = self.conversations.begin(bridge, stage, child, errand.left, takes_refer=effect.takes_refer)
        tape.answered()
        star = stage.listen_for_star() if effect.hangup_on_star else None
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(effect.time_limit_s):
                    await talk.until_over(stage, star)
        except asyncio.CancelledError as cancellation:
            raise Interrupted(_bridged(stage, talk.called, tape)) from cancellation
        finally:
            talk.close(stage)
            tape.stop()
        if not talk.called.live:
            await talk.called.ended.wait()
        return replace(_bridged(stage, talk.called, tape), referral=talk.referral)


def _bridged(stage: Stage, child: CallSession, tape: Tape) -> Dialled:
    """What `<Dial action>` is told of somebody who was reached; of a call that goes on, how long it has been."""
    duration_s, answered = child.record.duration_s, child.record.start_time
    if duration_s is None and answered is not None:
        duration_s = int((stage.services.clock.utc() - answered).total_seconds())
    return Dialled(
        status="completed",
        call_sid=child.sid,
        duration_s=duration_s,
        bridged=True,
        recording_url=tape.url,
        sip_response_code=OK if _is_sip(child) else None,
        sip_call_id=_sip_call_id(child),
    )


def _is_sip(child: CallSession) -> bool:
    return child.record.to.lower().startswith(("sip:", "sips:"))


def _sip_call_id(child: CallSession) -> str | None:
    """Of a `<Sip>`: where several places of its host were tried, that of the last one."""
    return child.line.sip_call_ids[-1] if _is_sip(child) and child.line.sip_call_ids else None


def _hang_up(children: Sequence[CallSession], status: CallStatus) -> None:
    for child in children:
        child.end(Verdict(status, "The call that dialled it no longer wants it."))


def _address(target: Target) -> str:
    """The noun as a `To`; the parameters of an application and the headers of a SIP address are its query."""
    query = f"?{urlencode(target.parameters)}" if target.parameters else ""
    match target.kind:
        case TargetKind.CLIENT:
            return f"client:{target.address}{query}"
        case TargetKind.APPLICATION:
            return f"app:{target.address}{query}"
        case TargetKind.SIP:
            return f"{target.address}{query}"
        case TargetKind.NUMBER:
            return target.address
