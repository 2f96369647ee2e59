"""A telephone call and a session of OpenAI Realtime: what comes from either, what goes to either. Pure.

    bridge.caller_audio(payload)      bridge.told(data, now)      bridge.wake(now)
    for output in bridge.take(): …    bridge.next_wake

µ-law passes through in base64 as it is, both ways. What the model believes to have said is what the caller heard.
"""

from collections.abc import Callable
from typing import Final

from mixminus.agents.description import Agent
from mixminus.agents.realtime import events, link, requests
from mixminus.agents.realtime.calls import UseTool
from mixminus.agents.realtime.deeds import ENDS, GONE, PRESSED, SILENT, Deeds
from mixminus.agents.realtime.ear import Ear
from mixminus.agents.realtime.fallback import Fallback
from mixminus.agents.realtime.fallback import Stage as FallbackStage
from mixminus.agents.realtime.history import History, Who
from mixminus.agents.realtime.link import FOR_GOOD, Broken, Link
from mixminus.agents.realtime.mouth import Mouth
from mixminus.agents.realtime.outputs import Leave, Outbox, Output, Send, Voice
from mixminus.agents.realtime.responses import Responses, Stage, Step
from mixminus.agents.realtime.sessions import Sessions
from mixminus.agents.realtime.spending import Spending
from mixminus.agents.realtime.timers import Timers, Wake, Why
from mixminus.agents.realtime.trouble import Trouble
from mixminus.tools.toolbox import Toolbox

STUCK_S: Final = 15.0
"""So long a response may give no sign."""
OWED_S: Final = 2.5
"""After the caller has stopped, the service begins a response by itself; so long it has for that."""
KEYS_S: Final = 1.5
"""Between two keys of a number; a longer pause ends it, as `#` does."""
MOST_KEYS: Final = 64
MOST_SILENCES: Final = 3
"""So often in a row the caller says nothing; the third time the agent says goodbye, after a fourth it hangs up."""


class Bridge:
    """One for each stream. *name*: the stream's. *luck* draws from [0, 1)."""

    def __init__(self, agent: Agent, toolbox: Toolbox, name: str, luck: Callable[[], float]) -> None:
        self._agent = agent
        self._name = name
        self._out = Outbox()
        self._timers = Timers()
        self.history = History()
        self.spending = Spending()
        dialect = agent.realtime.events
        self._link = Link(agent.realtime.away_s)
        self._responses = Responses()
        self._ear = Ear()
        self._trouble = Trouble(self._link, self._responses, self._ear, self._timers, luck)
        self._mouth = Mouth(self.history, self._link, self._out, self._timers, dialect)
        self._deeds = Deeds(toolbox, dialect, self.history, self._responses, self._link, self._out)
        self._sessions = Sessions(agent, toolbox, self._link, self.history, self._ear, self._out, self._timers)
        self._fallback = Fallback(agent.realtime, frozenset(tool.name for tool in toolbox), name)
        self._voicing = 0
        self._whispers = False
        """To a person: the caller does not hear it any more."""
        self._is_over = False
        self._ask_event = ""
        self.unread = 0
        """Messages of the service that were no events."""

    # --- what a shell needs ---

    def take(self) -> list[Output]:
        return self._out.take()

    @property
    def next_wake(self) -> Wake | None:
        return self._timers.next

    def begin(self, now: float) -> None:
        self._sessions.dial(now)

    def wake(self, now: float) -> None:
        """Time has come to `next_wake`."""
        for why in self._timers.due(now):
            self._woken(why, now)
        self._rest(now)

    # --- the stream ---

    def caller_audio(self, payload: str) -> None:
        """One message of the stream, in base64."""
        if self._link.is_ready:
            self._out.put(Send(requests.AppendAudio(payload)))
        self._ear.audio(payload, is_taken=self._link.is_ready)

    def caller_key(self, key: str, now: float) -> None:
        """Keys interrupt, as words do; they are told when no more of them come."""
        self._ear.silences = 0
        if not self._ear.keys:
            self._interrupt(now, is_ours=True)
        is_last = key == "#" or len(self._ear.keys) >= MOST_KEYS
        if key != "#":
            self._ear.keys += key
        self._timers.set(Why.KEYS, now if is_last else now + KEYS_S)
        self._rest(now)

    def marked(self, name: str, now: float) -> None:
        self._mouth.marked(name, now)
        self._rest(now)

    def played(self, played_ms: int, now: float) -> None:
        """The stream reports how much it has played between the last `clear` and the one before."""
        self._mouth.played(played_ms)
        self._rest(now)

    # --- the service ---

    def broke(self, broken: Broken, now: float) -> None:
        """There is no socket, or none any more."""
        if not self._link.step(link.Step.BROKE):
            return
        self._out.log("realtime_broke", is_bad=True, why=broken.why)
        self._session_is_lost()
        if not self._trouble.broke(broken, now):
            self._give_up(broken.why)
        self._rest(now)

    def told(self, data: bytes, now: float) -> None:
        """One message. What is not understood is counted."""
        try:
            event = events.read(data)
        except events.BadEvent as error:
            self.unread += 1
            if self.unread == 1:
                self._out.log("realtime_unread", is_bad=True, error=str(error))
            return
        if event is not None and self._link.state is not link.State.GONE:
            self._happened(event, now)
        self._rest(now)

    # --- what was wanted ---

    def answered(self, key: str, output: str, now: float, *, ok: bool) -> None:
        """A tool has answered, in JSON. Its result reaches the model also when the caller has interrupted since."""
        tool = self._deeds.ended(key)
        if tool == "escalate" and ok:
            self._whispers = True
        if tool == "end_call" and not ok:  # it cannot be ended for the caller: the agent ends its part
            self._do(Leave())
        self._do(self._fallback.answered(key, ok=ok))
        self._deeds.result(key, output, speaks=not (ok and tool in ENDS))
        self._rest(now)

    def voiced(self, payload: str, now: float) -> None:
        """Audio of a `Voice`, µ-law in base64; empty if there is none."""
        self._voicing -= 1
        self._mouth.say("", payload, now)
        self._mouth.end()
        self._rest(now)

    # --- events ---

    def _happened(self, event: events.Event, now: float) -> None:
        match event:
            case events.AudioDelta():
                self._says(event, now)
            case events.WordsDelta():
                if self._responses.is_wanted(event.response_id):
                    self.history.agent_says(event.item_id, event.delta)
            case events.AudioDone():
                self._mouth.end()
            case events.SessionCreated():
                self._sessions.created()
            case events.SessionUpdated():
                self._ready(now)
            case events.SpeechStarted():
                self._ear.begins()
                self._timers.off(Why.OWED, Why.ASK)
                self._interrupt(now, is_ours=False)
            case events.SpeechStopped():
                self._ear.caller_speaks = False
                self._timers.set(Why.OWED, now + OWED_S)
            case events.Committed():
                self.history.caller(event.item_id)
            case events.CallerSaid():
                self.history.caller_said(event.item_id, event.transcript)
                self._ear.written_down()
            case events.ItemAdded():
                self._responses.confirmed(event.item.id)
            case events.ResponseCreated():
                self._responses.created(event.response.id or "")
                self._timers.off(Why.OWED, Why.ASK)
                self._timers.set(Why.STUCK, now + STUCK_S)
            case events.Progress() if Why.STUCK in self._timers:
                self._timers.set(Why.STUCK, now + STUCK_S)
            case events.OutputItemDone():
                if event.item.status == "completed":
                    self._deeds.asked(event.item, event.response_id)
            case events.ResponseDone():
                self._done(event.response, now)
            case events.RateLimits():
                self._trouble.limits(event)
            case events.Failed():
                self._failed(event.error, now)

    def _says(self, event: events.AudioDelta, now: float) -> None:
        if not self._responses.is_wanted(event.response_id):
            self._mouth.drop(event.item_id)
            return
        self._trouble.recovered()
        self._ear.is_unanswered = False
        self._timers.set(Why.STUCK, now + STUCK_S)
        self.history.agent_says(event.item_id)
        self._mouth.say(event.item_id, event.delta, now)

    def _done(self, response: events.Response, now: float) -> None:
        self.spending.add(response.usage)
        self._responses.done(response.id or "")
        self._timers.off(Why.STUCK)
        self._mouth.end()
        self._mouth.response_done()
        for item in response.output or []:
            if item.status == "completed" or (item.status is None and response.status == "completed"):
                self._deeds.asked(item, response.id or "")
        if response.status == "failed":
            error = response.status_details.error if response.status_details is not None else None
            self._response_failed(error or events.ResponseError(), now)
        elif response.status == "incomplete" and self._ear.is_unanswered:
            self._response_failed(events.ResponseError(code="incomplete"), now)
        elif response.status == "completed":
            self._trouble.recovered()
            self._ear.is_unanswered = self._ear.caller_speaks or self._deeds.are_open

    def _failed(self, error: events.ServiceError, now: float) -> None:
        """Most errors change nothing, and the session goes on."""
        match error.code:
            case "response_cancel_not_active":
                self._responses.step(Step.NONE)
            case "conversation_already_has_active_response":
                self._responses.step(Step.BUSY)
                self._responses.owe()
            case "session_expired":
                self.broke(Broken("session_expired"), now)
            case code if code in FOR_GOOD or (error.event_id and error.event_id == self._sessions.update_event):
                self._give_up(f"{code}: {error.message}")
            case code:
                self._out.log("realtime_error", is_bad=True, type=error.type, code=code, error=error.message)
                if self._responses.stage is Stage.ASKED and error.event_id in (self._ask_event, None):
                    self._responses.step(Step.NONE)
                    self._response_failed(events.ResponseError(error.type, code, error.message), now)

    # --- the session ---

    def _ready(self, now: float) -> None:
        if not self._sessions.updated(now):
            return
        if self._link.sessions == 1 or self._ear.is_unanswered:
            self._responses.owe()  # at first the agent begins
        if self._ear.is_unheard and self._ear.kept_s:  # the service hears it now, and answers by itself
            self._timers.set(Why.OWED, now + OWED_S + self._ear.kept_s)

    def _session_is_lost(self) -> None:
        self._sessions.lost()
        self._responses.step(Step.LOST)
        self._mouth.end()
        self._mouth.session_lost()
        self._ear.caller_speaks = False
        self._timers.off(Why.STUCK, Why.ASK, Why.OWED, Why.SILENCE)

    def _give_up(self, why: str) -> None:
        if not self._link.step(link.Step.GIVE_UP):
            return
        self._out.log("realtime_gave_up", is_bad=True, why=why)
        self._session_is_lost()
        self._timers.off(Why.DIAL, Why.MOMENT, Why.KEYS)
        self._do(Leave() if self._whispers else self._fallback.begin())  # there is a person already, or is to be one

    # --- responses ---

    def _interrupt(self, now: float, *, is_ours: bool) -> None:
        """Somebody else speaks. The service cancels a response that runs by itself when it has heard it."""
        before = self._responses.cut()
        if self._link.is_ready and (before is Stage.ASKED or (is_ours and before is Stage.RUNNING)):
            self._out.put(Send(requests.CancelResponse(self._out.name())))
        if self._fallback.stage is FallbackStage.NONE:
            self._mouth.interrupt(now)

    def _ask_if_owed(self, now: float) -> None:
        is_to_wait = Why.ASK in self._timers or Why.OWED in self._timers
        is_free = self._link.is_ready and self._responses.is_idle
        if self._responses.is_owed and is_free and not (is_to_wait or self._ear.caller_speaks or self._ear.keys):
            self._responses.step(Step.ASK)
            self._ask_event = self._out.name()
            self._out.put(Send(requests.CreateResponse(self._ask_event)))
            self._timers.set(Why.STUCK, now + STUCK_S)

    def _response_failed(self, error: events.ResponseError, now: float) -> None:
        self._out.log("realtime_response_failed", is_bad=True, code=error.code, error=error.message)
        if not self._trouble.response_failed(error, now):
            self._give_up(f"{error.code}: {error.message}")

    # --- time ---

    def _woken(self, why: Why, now: float) -> None:
        match why:
            case Why.DIAL:
                self._sessions.dial_again(now)
            case Why.SET_UP:
                self.broke(Broken("no session in time"), now)
            case Why.STUCK:
                self.broke(Broken("a response that did not go on"), now)
            case Why.RENEW:
                self._sessions.is_old = True
            case Why.OWED:
                self._responses.owe()
            case Why.MOMENT:
                self._trouble.says_moment()
                if not self._mouth.is_speaking:
                    self._do(Voice(self._agent.realtime.moment))
            case Why.SILENCE:
                self._silent()
            case Why.KEYS:
                if keys := self._ear.take_keys():
                    self._deeds.notice(Who.CALLER, PRESSED.format(keys=" ".join(keys)))
            case Why.REPORT:
                self._mouth.no_report()
            case Why.PLAYED:
                self._mouth.presume_heard(now)
            case Why.ASK:
                pass  # the pause is over; `_rest` asks

    def _silent(self) -> None:
        self._ear.silences += 1
        if self._ear.silences <= MOST_SILENCES:
            asks = SILENT.format(seconds=self._agent.turns.silence_s)
            self._deeds.notice(Who.NOTICE, asks if self._ear.silences < MOST_SILENCES else GONE)
        else:
            self._do(UseTool(f"{self._name}-silence", "end_call", {}) if self._deeds.knows("end_call") else Leave())

    def _rest(self, now: float) -> None:
        """What follows from where things stand, whatever has happened."""
        if not self._mouth.is_speaking and not self._voicing:
            self._deeds.all_heard()
            self._do(self._fallback.heard(self._deeds.running("escalate")))
        self._ask_if_owed(now)
        if not self._is_calm:
            self._timers.off(Why.SILENCE)
        elif self._sessions.is_old:
            self._session_is_lost()
            self._sessions.renew(now)
        elif self._agent.turns.silence_s > 0 and not self._whispers and Why.SILENCE not in self._timers:
            self._timers.set(Why.SILENCE, now + self._agent.turns.silence_s)

    @property
    def _is_calm(self) -> bool:
        """Nobody speaks, and nobody is about to."""
        is_open = self._responses.is_owed or self._deeds.are_open or self._ear.keys or self._voicing
        is_loud = self._ear.caller_speaks or self._ear.is_unanswered or self._mouth.is_speaking
        return self._link.is_ready and self._responses.is_idle and not is_open and not is_loud

    def _do(self, output: Output | None) -> None:
        match output:
            case None:
                return
            case UseTool():
                self._deeds.do(output)
                return
            case Voice(text):
                self._voicing += 1
                self.history.notice(self._out.name(), Who.AGENT, text)
            case Leave() if self._is_over:
                return
            case Leave():
                self._is_over = True
        self._out.put(output)
