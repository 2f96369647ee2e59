"""One call: a pipeline from the caller's words to the agent's, for as long as the stream lasts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.frames.frames import LLMFullResponseEndFrame, LLMFullResponseStartFrame, LLMRunFrame, LLMTextFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner
from starlette.websockets import WebSocket

from mixminus.agents.description import Agent, Kind, Turns
from mixminus.agents.intake import Expects, Use
from mixminus.agents.io import services
from mixminus.agents.io.dialogue import IntakeDialogue, Mouth
from mixminus.agents.io.ear import Ear
from mixminus.agents.io.listener import Listener
from mixminus.agents.io.marks import HeardWords, Marks, MarkSerializer
from mixminus.agents.io.model_tools import register, told
from mixminus.agents.io.models import Models
from mixminus.agents.io.player import Player, SentenceGroups
from mixminus.agents.io.recogniser import OfflineRecognition
from mixminus.agents.io.turn_end import TurnEnd
from mixminus.agents.io.voice import OfflineSpeech
from mixminus.agents.start import Start
from mixminus.tools.invocation import Answer, ToolCall
from mixminus.tools.io.backplane import Backplane

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.agent")

IN_RATE_HZ: Final = 16_000
"""What the models hear; older turn models broke silently at 8 kHz (pipecat#3844)."""
OUT_RATE_HZ: Final = 8_000


@dataclass(slots=True)
class Told:
    """What a conversation leaves behind: who said what, as it was heard."""

    messages: list[Mapping[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Using:
    """What an agent hears, thinks and speaks with: models of this process, and keys for services, by name."""

    models: Models
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


class Conversation:
    """The agent on one call. `await conversation.run()` ends with the stream."""

    def __init__(self, agent: Agent, using: Using, start: Start, websocket: WebSocket, tools: Backplane) -> None:
        self._agent = agent
        self._models = using.models
        self._environment = using.environment
        self._start = start
        self._tools = tools
        self._uses = 0
        self._context = LLMContext(tools=told(tools.toolbox)) if agent.kind is not Kind.INTAKE else LLMContext()
        self._marks = Marks(start.stream_sid)
        self._heard = HeardWords(self._marks)
        self._player = Player(self._marks, self._heard)
        serializer = MarkSerializer(start.stream_sid, start.call_sid, self._stream_says)
        self._transport = FastAPIWebsocketTransport(
            websocket,
            FastAPIWebsocketParams(
                serializer=serializer,
                audio_in_enabled=True,
                audio_out_enabled=True,
                audio_in_sample_rate=IN_RATE_HZ,
                audio_out_sample_rate=OUT_RATE_HZ,
                audio_out_10ms_chunks=2,
                audio_out_end_silence_secs=0,
            ),
        )
        self._worker = PipelineWorker(
            Pipeline(self._processors()),
            params=PipelineParams(audio_in_sample_rate=IN_RATE_HZ, audio_out_sample_rate=OUT_RATE_HZ),
            idle_timeout_secs=None,
            enable_rtvi=False,
            check_dangling_tasks=False,
        )
        self._transport.add_event_handler("on_client_connected", self._connected)
        self._transport.add_event_handler("on_client_disconnected", self._disconnected)

    async def run(self) -> Told:
        """Talk until the stream ends."""
        runner = WorkerRunner(handle_sigint=False, check_dangling_tasks=False)
        await runner.add_workers(self._worker)
        await runner.run()
        return Told([dict(message) for message in self._context.get_messages() if isinstance(message, dict)])

    def _processors(self) -> list[FrameProcessor]:
        return self._intake() if self._agent.kind is Kind.INTAKE else self._chat()

    def _intake(self) -> list[FrameProcessor]:
        """Rules between the offline recogniser and the offline voice."""
        voice, speaker = self._models.voice, self._agent.voice
        mouth = Mouth(lambda text: voice.prepare(text, speaker), lambda: self._marks.heard.played_s)
        dialogue = IntakeDialogue(self._agent.script, self._do, mouth)
        user, assistant = self._aggregators(dialogue.expects)

        async def idle(_: object) -> None:
            await dialogue.idle()

        user.add_event_handler("on_user_turn_idle", idle)
        listener = Listener(self._agent.turns, self._player, dialogue.expects, dialogue.hears)
        return [
            self._transport.input(),
            Ear(self._agent.turns, listener),
            OfflineRecognition(self._models.recogniser, listener.expects),
            listener,
            user,
            dialogue,
            OfflineSpeech(voice, speaker),
            self._player,
            self._transport.output(),
            self._heard,
            assistant,
        ]

    def _chat(self) -> list[FrameProcessor]:
        """A chat service between a recogniser and a voice, each offline unless the agent names a service."""
        agent = self._agent
        user, assistant = self._aggregators(anything)
        listener = Listener(agent.turns, self._player, anything)
        hearing = (
            services.transcription(agent, self._environment)
            if agent.transcription.model
            else OfflineRecognition(self._models.recogniser, listener.expects)
        )
        speaking = (
            [services.speech(agent, self._environment), SentenceGroups()]
            if agent.speech.model
            else [OfflineSpeech(self._models.voice, agent.voice)]
        )
        llm = services.chat(agent, self._environment)
        register(llm, self._tools.toolbox, self._invoke)
        return [
            self._transport.input(),
            Ear(agent.turns, listener),
            hearing,
            listener,
            user,
            llm,
            *speaking,
            self._player,
            self._transport.output(),
            self._heard,
            assistant,
        ]

    def _aggregators(self, expects: Callable[[], Expects]) -> LLMContextAggregatorPair:
        return LLMContextAggregatorPair(self._context, user_params=user_turns(self._agent.turns, expects))

    async def _connected(self, *_: object) -> None:
        if self._agent.kind is Kind.CHAT and self._agent.greeting:
            words = [LLMFullResponseStartFrame(), LLMTextFrame(self._agent.greeting), LLMFullResponseEndFrame()]
            await self._worker.queue_frames(words)
        else:
            await self._worker.queue_frame(LLMRunFrame())

    async def _disconnected(self, *_: object) -> None:
        await self._worker.cancel()

    async def _leave(self) -> None:
        await self._worker.stop_when_done()

    async def _stream_says(self, message: Mapping[str, Any]) -> None:
        match message:
            case {"event": "mark"}:
                mark = message.get("mark")
                await self._heard.returned(str(mark.get("name")) if isinstance(mark, dict) else "")
            case {"event": "played", "played": {"playedMs": str(played)}} if played.isascii() and played.isdigit():
                await self._heard.reported(int(played[:9]))
            case {"event": "stop"}:
                await self._worker.cancel()

    async def _do(self, use: Use) -> Answer:
        self._uses += 1
        return await self._invoke(f"{self._start.stream_sid}-{self._uses}", use.tool, use.arguments)

    async def _invoke(self, key: str, tool: str, arguments: Mapping[str, Any]) -> Answer:
        answer = await self._tools.invoke(ToolCall(self._start.session, key, tool, arguments))
        log.info("tool_used", call_sid=self._start.call_sid, tool=tool, outcome=answer.outcome.value)
        if tool == "end_call" and not answer.ok:  # it cannot be ended for the caller: the agent ends its part
            await self._leave()
        return answer


def anything() -> Expects:
    """Nobody knows what a model has asked for."""
    return Expects.ANYTHING


def user_turns(turns: Turns, expects: Callable[[], Expects]) -> LLMUserAggregatorParams:
    """Speech begins a turn and interrupts; silence ends it, or the turn model if that is sure of it sooner."""
    stops: list[Any] = [TurnEnd(turns, expects)]
    if turns.smart:
        stops.append(TurnAnalyzerUserTurnStopStrategy(turn_analyzer=LocalSmartTurnAnalyzerV3()))
    return LLMUserAggregatorParams(
        user_turn_strategies=UserTurnStrategies(start=[VADUserTurnStartStrategy()], stop=stops),
        user_idle_timeout=turns.silence_s,
        empty_user_turn=None,
    )
