"""Two legs back to back."""

from tests.media.studio import Studio

from mixminus.media.contract import CloseLeg, LegRefused, OpenPipe, Play, Tone


def test_a_pipe_carries_a_room_to_a_room_and_back(studio: Studio) -> None:
    one, other = studio.phone(400, hums=400), studio.phone(700, hums=700)
    studio.apply(OpenPipe(1, 2))
    studio.room(1, 400, 1)
    studio.room(2, 700, 2)
    studio.tick(2)
    assert one.hears() == {700}
    assert other.hears() == {400}


def test_it_takes_one_tick_at_most(studio: Studio) -> None:
    phone = studio.phone(9)
    studio.apply(OpenPipe(1, 2), Play(7, (Tone((400.0,), 20),), leg=1))
    studio.room(1, 2, 9)
    heard = []
    for _ in range(3):
        studio.tick()
        heard.append(phone.hears())
    assert heard in ([{400}, set(), set()], [set(), {400}, set()]), "the ends may be served on different beats"


def test_when_one_end_closes_the_other_one_is_silent(studio: Studio) -> None:
    phone = studio.phone(9)
    studio.apply(OpenPipe(1, 2), Play(7, (Tone((400.0,), 20),), loops=0, leg=1))
    studio.room(1, 2, 9)
    studio.tick(3)
    studio.apply(CloseLeg(1))
    newcomer, neighbour = studio.phone(700, hums=700), studio.phone(1100)
    studio.room(2, 700, 1100)
    studio.tick(3)
    assert phone.hears() == set()
    assert neighbour.hears() == {700}, "every row is in use, also the last one"
    assert not newcomer.audio.any()
    studio.apply(CloseLeg(2))
    studio.tick()
    assert phone.hears() == set()


def test_an_end_that_is_open_already_is_refused(studio: Studio) -> None:
    studio.phone(1)
    studio.apply(OpenPipe(1, 2), OpenPipe(3, 3))
    studio.tick()
    assert [event.leg for event in studio.events if isinstance(event, LegRefused)] == [1, 2, 3, 3]
    assert studio.engine.legs.slots.count == 1
