"""Marks, whatever the agent and the engine do: in order, never early, never lost."""

from hypothesis import given
from hypothesis import strategies as st

from mixminus.streams.playout import Playout

LEAD = 1_600

STORIES = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(0, 3_000)),
        st.tuples(st.just("mark"), st.just(0)),
        st.tuples(st.just("tick"), st.integers(1, 20)),
        st.tuples(st.just("clear"), st.just(0)),
    ),
    max_size=60,
)


class SlowEngine:
    """Plays 160 octets a tick of what it was given, and tells of it a tick later."""

    def __init__(self) -> None:
        self.epoch = self.ring = self.played = 0
        self.heard = b""

    def clear(self, playout: Playout) -> None:
        if playout.epoch != self.epoch:
            playout.played(~self.epoch, self.played)
            self.epoch, self.ring, self.played = playout.epoch, 0, 0

    def tick(self, playout: Playout) -> None:
        self.clear(playout)
        self.ring += len(playout.take_audio())
        assert self.ring <= LEAD
        step = min(160, self.ring)
        self.ring -= step
        self.played += step
        playout.played(self.epoch, self.played)


@given(STORIES)
def test_marks_come_back_once_in_order_and_never_before_their_audio(story: list[tuple[str, int]]) -> None:
    playout, engine = Playout(LEAD, 48_000), SlowEngine()
    sent: list[tuple[str, int, int]] = []
    back: list[str] = []

    def collect() -> None:
        for name in playout.take_due():
            _, epoch, position = sent[len(back)]
            assert playout.epoch > epoch or engine.played >= position
            back.append(name)

    said = 0
    for what, size in story:
        match what:
            case "say":
                said += size - playout.say(b"\x01" * size)
            case "mark":
                sent.append((f"m{len(sent)}", playout.epoch, said))
                assert playout.mark(sent[-1][0])
            case "clear":
                epoch = playout.epoch
                playout.clear()
                said = said if playout.epoch == epoch else 0
                engine.clear(playout)
            case "tick":
                for _ in range(size):
                    engine.tick(playout)
                    collect()
        collect()
    for _ in range(48_000 // 160 + 1):
        engine.tick(playout)
        collect()
    assert back == [name for name, _, _ in sent]
    assert playout.pending == 0


@given(st.lists(st.binary(max_size=2_000), max_size=30))
def test_audio_comes_out_as_it_went_in(pieces: list[bytes]) -> None:
    playout = Playout(LEAD, 1_000_000)
    heard = b""
    for piece in pieces:
        playout.say(piece)
    while given_now := playout.take_audio():
        heard += given_now
        playout.played(0, len(heard))
    assert heard == b"".join(pieces)


def test_ten_minutes_in_single_octets_are_kept_in_few_pieces() -> None:
    playout = Playout(LEAD, 100_000)
    for _ in range(100_000):
        playout.say(b"\x01")
    assert len(playout._waiting) < 10
    assert playout.take_audio() == b"\x01" * LEAD


def test_ten_thousand_marks_over_bursts_come_back_in_order() -> None:
    playout, engine = Playout(LEAD, 4_800_000), SlowEngine()
    for number in range(10_000):
        playout.say(b"\x01" * (number * 7919 % 400))
        playout.mark(str(number))
    back: list[str] = []
    while len(back) < 10_000:
        engine.tick(playout)
        back += playout.take_due()
    assert back == [str(number) for number in range(10_000)]


def test_an_agent_that_sends_marks_without_end_is_stopped() -> None:
    playout = Playout(LEAD, 1_000)
    playout.say(b"\x01")
    while playout.mark("x"):
        pass
    playout.clear()
    assert len(playout.take_due()) == 65_536
