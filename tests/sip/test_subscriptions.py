"""SUBSCRIBE and NOTIFY (RFC 6665): the lamps of users' calls, and messages that wait (there are none)."""

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sip.strangers import THERE, Stranger

from mixminus.sip.contract import Credentials, DialogState, LampDialog, Transmit
from mixminus.sip.messages.message import Request
from mixminus.sip.services.event_packages import dialog_info, no_messages
from mixminus.sip.services.notifier import MAX_OF_ONE_WATCHER
from mixminus.sip.settings import SipSettings

BOB = Credentials("bob", "secret")
SETTINGS = SipSettings(users={"alice": "a", "bob": "secret"})
DIALOG_INFO = "{urn:ietf:params:xml:ns:dialog-info}"
TALKING = LampDialog("CA1", DialogState.CONFIRMED, called_by_user=False)


def watching(*lines: str, event: str = "dialog", **changed: Any) -> Stranger:
    """Bob, with a subscription, who confirmed the first NOTIFY."""
    bob = Stranger(SETTINGS)
    [response] = bob.proves(BOB, "SUBSCRIBE", f"Event: {event}", *lines, **changed)
    assert response.status == 200
    bob.tag = response.to.tag or ""
    bob.answers(bob.inbox[-1], 200)
    bob.heard()
    return bob


def again(bob: Stranger, *lines: str, now: float, event: str = "dialog") -> list[int]:
    """A SUBSCRIBE in the dialog; the statuses of its answers."""
    to = f"<sip:alice@node>;tag={bob.tag}"
    return [answer.status for answer in bob.says("SUBSCRIBE", f"Event: {event}", *lines, now=now, To=to)]


def states(notify: Request) -> list[tuple[str, str]]:
    root = ElementTree.fromstring(notify.body)
    return [(entry.get("id") or "", entry.findtext(f"{DIALOG_INFO}state") or "") for entry in root]


def version(notify: Request) -> int:
    return int(ElementTree.fromstring(notify.body).get("version") or "")


def test_a_user_watches_another_and_hears_at_once_how_things_stand() -> None:
    bob = Stranger(SETTINGS)
    bob.agent.show("alice", (TALKING,), 0.0)
    [response] = bob.proves(BOB, "SUBSCRIBE", "Event: dialog;id=7", "Expires: 600")
    assert (response.status, response.get("Expires")) == (200, "600")
    [notify] = bob.inbox
    assert notify.method == "NOTIFY"
    assert notify.get("Event") == "dialog;id=7"
    assert notify.get("Subscription-State") == "active;expires=600"
    assert notify.get("Content-Type") == "application/dialog-info+xml"
    assert notify.contact is not None
    assert states(notify) == [("CA1", "confirmed")]
    assert (notify.from_.tag, notify.to.tag) == (response.to.tag, "b1")


def test_a_change_is_told_with_a_version_that_counts_up_and_an_end_once() -> None:
    bob = watching()
    bob.agent.show("alice", (TALKING,), 5.0)
    [first] = bob.passes(5.0)
    bob.answers(first, 200, now=5.1)
    bob.agent.show("alice", (LampDialog("CA1", DialogState.TERMINATED, called_by_user=False),), 9.0)
    [second] = bob.passes(9.0)
    bob.answers(second, 200, now=9.1)
    assert states(first) == [("CA1", "confirmed")]
    assert states(second) == [("CA1", "terminated")]
    assert (version(first), version(second)) == (1, 2)
    assert again(bob, now=12.0) == [200]
    assert states(bob.inbox[-1]) == []


def test_changes_follow_each_other_one_second_apart_and_what_is_in_between_is_left_out() -> None:
    bob = watching()
    for number, state in enumerate(DialogState):
        bob.agent.show("alice", (LampDialog("CA1", state, called_by_user=True),), 5.0 + number / 100)
    [first] = bob.passes(5.9)
    bob.answers(first, 200, now=5.9)
    [second] = bob.passes(6.5)
    assert (states(first), states(second)) == ([("CA1", "trying")], [])


def test_no_notify_overtakes_another() -> None:
    bob = watching()
    bob.agent.show("alice", (TALKING,), 5.0)
    [first] = bob.passes(5.0)
    bob.agent.show("alice", (), 7.0)
    assert [notify.cseq for notify in bob.passes(8.0)] == [first.cseq]  # the same again, over UDP
    bob.answers(first, 200, now=8.0)
    assert states(bob.passes(8.0)[-1]) == []


def test_a_subscription_that_nobody_refreshes_ends_with_a_notify() -> None:
    bob = watching("Expires: 600")
    [last] = [notify for notify in bob.passes(600.0) if notify.method == "NOTIFY"]
    assert last.get("Subscription-State") == "terminated;reason=timeout"
    bob.answers(last, 200, now=600.1)
    assert bob.agent.open_subscriptions == 0
    assert again(bob, now=601.0) == [481]


def test_a_refresh_renews_it_and_tells_the_state_again() -> None:
    bob = watching("Expires: 600")
    assert again(bob, "Expires: 300", now=500.0) == [200]
    assert bob.inbox[-1].get("Subscription-State") == "active;expires=300"
    bob.answers(bob.inbox[-1], 200, now=500.1)
    assert bob.passes(799.0) == []
    assert len(bob.passes(800.0)) == 1


def test_a_refresh_from_another_port_is_where_the_phone_is_from_then_on() -> None:
    bob = watching()
    bob.source = replace(bob.source, port=6000)
    assert again(bob, now=10.0) == [200]
    bob.answers(bob.inbox[-1], 200, now=10.1)
    bob.agent.show("alice", (TALKING,), 20.0)
    sent = [output for output in iter(bob.agent.poll, None) if isinstance(output, Transmit)]
    assert [(transmit.to.host, transmit.to.port) for transmit in sent] == [(THERE.host, 6000)]


def test_expires_0_ends_it() -> None:
    bob = watching()
    assert again(bob, "Expires: 0", now=10.0) == [200]
    assert bob.inbox[-1].get("Subscription-State") == "terminated;reason=timeout"
    bob.answers(bob.inbox[-1], 200, now=10.1)
    assert (bob.agent.open_subscriptions, bob.agent.deadline() is None or bob.passes(100.0)) == (0, [])


def test_a_first_subscribe_with_expires_0_is_one_look() -> None:
    bob = Stranger(SETTINGS)
    [response] = bob.proves(BOB, "SUBSCRIBE", "Event: dialog", "Expires: 0")
    assert response.status == 200
    assert bob.inbox[-1].get("Subscription-State") == "terminated;reason=timeout"
    bob.answers(bob.inbox[-1], 200)
    assert bob.agent.open_subscriptions == 0


@pytest.mark.parametrize("status", [481, 404, 500, 603])
def test_a_notify_that_is_refused_ends_the_subscription(status: int) -> None:
    bob = watching()
    bob.agent.show("alice", (TALKING,), 5.0)
    [notify] = bob.passes(5.0)
    bob.answers(notify, status, now=5.1)
    assert bob.agent.open_subscriptions == 0


def test_a_notify_that_is_not_answered_ends_it_and_leaves_nothing() -> None:
    bob = watching()
    bob.agent.show("alice", (TALKING,), 5.0)
    bob.passes(5.0 + 40.0)
    assert (bob.agent.open_subscriptions, bob.agent.open_transactions) == (0, 0)


def test_retry_after_is_waited_for() -> None:
    bob = watching()
    bob.agent.show("alice", (TALKING,), 5.0)
    [notify] = bob.passes(5.0)
    bob.answers(notify, 503, "Retry-After: 20", now=5.1)
    assert bob.passes(25.0) == []
    assert states(bob.passes(26.0)[-1]) == [("CA1", "confirmed")]


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Event: presence"], 489),
        ([], 489),
        (["Event: dialog", "Expires: 59"], 423),
        (["Event: dialog", "Accept: application/pidf+xml"], 406),
        (["Event: message-summary"], 403),
    ],
)
def test_what_cannot_be_subscribed_to_is_refused(lines: list[str], status: int) -> None:
    bob = Stranger(SETTINGS)
    [response] = bob.proves(BOB, "SUBSCRIBE", *lines)
    assert response.status == status
    assert bob.agent.open_subscriptions == bob.agent.open_transactions == 0
    if status == 489:
        assert response.get("Allow-Events") == "dialog, message-summary"


def test_nobody_watches_somebody_who_is_not_a_user() -> None:
    [response] = Stranger(SETTINGS).proves(BOB, "SUBSCRIBE", "Event: dialog", uri="sip:carol@node")
    assert response.status == 404


def test_nobody_watches_without_a_password_not_even_a_trunk() -> None:
    trunk = Stranger(SipSettings(users={"alice": "a"}, trusted_hosts=frozenset({"203.0.113.9"})))
    assert [answer.status for answer in trunk.says("SUBSCRIBE", "Event: dialog")] == [401]


def test_a_watcher_has_so_many_lamps_and_no_more() -> None:
    bob = Stranger(SETTINGS)
    said = [
        bob.proves(BOB, "SUBSCRIBE", "Event: dialog", Call_ID=f"c{number}")[0].status
        for number in range(MAX_OF_ONE_WATCHER + 1)
    ]
    assert said == [200] * MAX_OF_ONE_WATCHER + [503]


def test_a_dialog_of_another_event_is_not_this_subscription() -> None:
    bob = watching()
    assert again(bob, now=1.0, event="dialog;id=9") == [481]
    assert bob.agent.open_subscriptions == 1


def test_nobody_has_messages() -> None:
    bob = watching(event="message-summary", uri="sip:bob@node", To="<sip:bob@node>")
    assert bob.agent.open_subscriptions == 1
    assert no_messages("sip:bob@node", 0, ()).startswith(b"Messages-Waiting: no\r\nMessage-Account: sip:bob@node\r\n")


@given(st.text(), st.text())
def test_dialog_info_is_xml_whatever_names_are(entity: str, name: str) -> None:
    root = ElementTree.fromstring(dialog_info(entity, 3, (LampDialog(name, DialogState.EARLY, called_by_user=True),)))
    assert root.tag == f"{DIALOG_INFO}dialog-info"
    assert [entry.get("direction") for entry in root] == ["initiator"]
