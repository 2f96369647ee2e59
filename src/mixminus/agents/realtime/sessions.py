"""Sessions of the service, one after another on one call: each is told what was said in those before. Pure."""

from typing import Final

from mixminus.agents.description import Agent
from mixminus.agents.realtime import requests
from mixminus.agents.realtime.ear import Ear
from mixminus.agents.realtime.history import History
from mixminus.agents.realtime.link import Link, Step
from mixminus.agents.realtime.outputs import Dial, HangUp, Outbox, Send
from mixminus.agents.realtime.timers import Timers, Why
from mixminus.tools.toolbox import Toolbox

SET_UP_WITHIN_S: Final = 8.0
"""From dialling to `session.updated`."""
RENEW_AFTER_S: Final = 55 * 60.0
"""The service ends a session after 60 minutes; from here on the next quiet moment is taken to begin a new one."""


class Sessions:
    def __init__(
        self, agent: Agent, toolbox: Toolbox, link: Link, history: History, ear: Ear, outbox: Outbox, timers: Timers
    ) -> None:
        self._agent = agent
        self._toolbox = toolbox
        self._link = link
        self._history = history
        self._ear = ear
        self._out = outbox
        self._timers = timers
        self.update_event = ""
        """Our name for the last `session.update`."""
        self.is_old = False

    def dial(self, now: float) -> None:
        self._out.put(Dial())
        self._timers.set(Why.SET_UP, now + SET_UP_WITHIN_S)

    def dial_again(self, now: float) -> None:
        if self._link.step(Step.DIAL):
            self.dial(now)

    def created(self) -> None:
        """The service is there: what kind of session it is to be."""
        if self._link.step(Step.OPENED):
            session = requests.session(self._agent, self._toolbox, resumed=len(self._history) > 0)
            self.update_event = self._out.name()
            self._out.put(Send(requests.UpdateSession(self.update_event, session)))

    def updated(self, now: float) -> bool:
        """The session is as it was asked for. It is told what was said, then gets what the caller says now.

        Returns whether it has just become so.
        """
        if not self._link.set_up():
            return False
        self._out.log("realtime_ready", session=self._link.sessions, items=len(self._history))
        self._timers.off(Why.SET_UP)
        self._timers.set(Why.RENEW, now + RENEW_AFTER_S)
        for item in self._history.restored(self._agent.realtime.events):
            self._out.put(Send(requests.CreateItem(self._out.name(), item)))
        for payload in self._ear:
            self._out.put(Send(requests.AppendAudio(payload)))
        return True

    def lost(self) -> None:
        self._out.put(HangUp())
        self.is_old = False
        self._timers.off(Why.SET_UP, Why.RENEW)

    def renew(self, now: float) -> None:
        """A new one instead of an old one: nobody will notice now."""
        self._out.log("realtime_renewed")
        self._link.step(Step.BROKE)
        self.dial_again(now)
