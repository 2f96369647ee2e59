"""What the engine was given ahead can be taken back: nothing is lost or played twice, and marks stay."""

from collections import deque
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from mixminus.streams.playout import Interruption, Playout

LEAD = 1_600


@dataclass
class LateEngine:
    """Plays 160 octets a tick; commands reach it, and its reports reach us, some ticks late."""

    playout: Playout
    lag: int
    now: int = 0
    epoch: int = 0
    given: bytearray = field(default_factory=bytearray)
    played: int = 0
    heard: bytearray = field(default_factory=bytearray)
    """Since the last clear of the agent."""
    told: list[Interruption] = field(default_factory=list)
    commands: deque[tuple[int, int, bytes | None]] = field(default_factory=deque)
    reports: deque[tuple[int, int, int]] = field(default_factory=deque)

    def cut(self) -> None:
        """The owner has seen a new epoch."""
        self.commands.append((self.now + self.lag, self.playout.epoch, None))

    def give(self) -> None:
        if audio := self.playout.take_audio():
            self.commands.append((self.now + self.lag, self.playout.epoch, audio))

    def tick(self) -> None:
        self.now += 1
        while self.commands and self.commands[0][0] <= self.now:
            _, epoch, audio = self.commands.popleft()
            if audio is None:
                self.reports.append((self.now + self.lag, ~self.epoch, self.played))
                self.epoch, self.played = epoch, 0
                self.given.clear()
            else:
                assert epoch == self.epoch
                self.given += audio
                assert len(self.given) <= LEAD
        step = self.given[:160]
        del self.given[:160]
        self.heard += step
        self.played += len(step)
        if step:
            self.reports.append((self.now + self.lag, self.epoch, self.played))
        while self.reports and self.reports[0][0] <= self.now:
            _, epoch, octets = self.reports.popleft()
            if (told := self.playout.played(epoch, octets)) is not None:
                self.told.append(told)
        self.give()


STORIES = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(1, 3_000)),
        st.tuples(st.just("mark"), st.just(0)),
        st.tuples(st.just("tick"), st.integers(1, 12)),
        st.tuples(st.just("recall"), st.just(0)),
        st.tuples(st.just("clear"), st.just(0)),
    ),
    max_size=50,
)


@given(st.integers(0, 3), STORIES)
def test_what_is_recalled_is_played_later_once(lag: int, story: list[tuple[str, int]]) -> None:
    playout = Playout(LEAD, 480_000)
    playout.can_recall = True
    engine = LateEngine(playout, lag)
    said, marks, back = bytearray(), list[tuple[str, int]](), list[str]()
    count = 0

    def collect() -> None:
        for name in playout.take_due():
            back.append(name)
            position = next((at for known, at in marks if known == name), 0)
            assert position <= len(engine.heard)

    for what, size in story:
        match what:
            case "say":
                audio = bytes((count + n) % 251 for n in range(size))
                count += size
                said += audio
                playout.say(audio, size)
                engine.give()
            case "mark":
                marks.append((f"m{count}-{len(marks) + len(back)}", len(said)))
                playout.mark(marks[-1][0])
            case "recall":
                if playout.recall():
                    engine.cut()
                    assert not playout.is_waiting, "nothing is given until it is known what was played"
            case "clear":
                epoch = playout.epoch
                playout.clear()
                if playout.epoch != epoch:
                    engine.cut()
                    marks.clear()
                    collect()
                    for _ in range(2 * lag + 2):
                        engine.tick()
                    assert engine.told.pop() == Interruption(len(said), len(engine.heard))
                    assert said.startswith(engine.heard)
                    said.clear()
                    engine.heard.clear()
                    assert not playout.is_loud
            case "tick":
                for _ in range(size):
                    engine.tick()
                    collect()
                    assert said.startswith(engine.heard), "in order, nothing lost, nothing twice"
        collect()
    for _ in range(1_200):
        engine.tick()
        collect()
    assert engine.heard == said
    assert not playout.is_loud
    assert playout.pending == 0
    assert playout.take_due() == []
    assert not engine.told


def test_speech_is_what_is_loud_and_not_yet_played() -> None:
    playout = Playout(LEAD, 48_000)
    playout.say(bytes(800), 0)
    assert not playout.is_loud
    playout.say(bytes(800), 300)
    assert playout.is_loud
    playout.take_audio()
    playout.played(0, 1_099)
    assert playout.is_loud
    playout.played(0, 1_100)
    assert not playout.is_loud, "what follows is silence"
