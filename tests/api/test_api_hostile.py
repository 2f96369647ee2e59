"""Whatever is sent, the answer is a clear one: never a crash (law 7)."""

import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.fake_node import FakeNode
from tests.api.oas import document
from tests.api.test_api_recordings import tones
from tests.api.world import Api, make_api

from mixminus.api.app import operations
from mixminus.api.form import Form
from mixminus.base.errors import Refusal

FILTERS = ["PageSize", "Page", "PageToken", "After", "RequestedChannels", "IncludeSoftDeleted"]
FILTERS += [
    f"{name}{sign}" for name in ("DateCreated", "DateUpdated", "StartTime", "EndTime") for sign in ("", "<", ">")
]


def every_parameter() -> list[str]:
    posts = [path["post"] for path in document()["paths"].values() if "post" in path]
    forms = [post["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"] for post in posts]
    return sorted({name for form in forms for name in form["properties"]})


TELLING = (
    *("", "true", "-1", "0", "9" * 30, "%", "١", "GET", "completed", "['start']", "media:x"),
    *("http://x.example/", "http://[", "http://x:99999/", "+15005550006", "client:a", "sip:a@b"),
    *("CA" + "1" * 32, "PACF" + "1" * 32 + "0", "PACA" + "1" * 32 + "f" * 15),
    *("2026-01-31", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
)
VALUES = st.text(max_size=30) | st.sampled_from(TELLING)
FORMS = st.lists(st.tuples(st.sampled_from(every_parameter() + FILTERS) | st.text(max_size=8), VALUES), max_size=8)
OPERATIONS = st.sampled_from([(each.method, each.path) for each in operations()])

folder = TemporaryDirectory()
node = FakeNode(Path(folder.name))
room = node.conference()
call = node.participant(room, label="agent").call_sid
recording = node.recording(call_sid=call, conference_sid=room.sid)
node.recording_file(recording).write_bytes(tones(500, seconds=0.1))
api: Api = make_api(node)

PLACES: dict[str, list[str]] = {
    "{account}": [node.account_sid],
    "{call}": [call, "CA1", "%F0%9F%93%9E"],
    "{conference}": [room.sid, "Support", "x" * 200],
    "{conference:path}": [room.sid, "Support", "a/b"],
    "{participant}": [call, "agent", "nobody", "%00"],
    "{recording}": [recording.sid, "Twilio.CURRENT"],
    "{number}": ["PN" + "1" * 32],
    "{application}": ["AP" + "1" * 32],
    "{key}": ["SK" + "1" * 32],
}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(OPERATIONS, FORMS, st.data())
def test_no_form_makes_the_server_stumble(
    operation: tuple[str, str], form: list[tuple[str, str]], data: st.DataObject
) -> None:
    method, path = operation
    for place, choices in PLACES.items():
        if place in path:
            path = path.replace(place, data.draw(st.sampled_from(choices)))
    answer = api.post(path, *form) if method == "POST" else api.request(method, f"{path}?{urlencode(form)}")
    assert answer.status < 500
    if answer.status >= 400:
        assert answer.json.keys() == {"code", "message", "more_info", "status"}


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_refused(body: bytes) -> None:
    with contextlib.suppress(Refusal):
        Form.parse(body)


@given(st.lists(st.tuples(st.text(), st.text()).map(lambda pair: (pair[0] or "a", pair[1])), max_size=20))
def test_a_form_keeps_order_repeats_and_blanks(pairs: list[tuple[str, str]]) -> None:
    if not any("\0" in name + value for name, value in pairs):
        assert Form.parse(urlencode(pairs).encode()).pairs == tuple(pairs)
