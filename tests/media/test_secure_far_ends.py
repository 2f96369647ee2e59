"""Far ends that are found by checks and agree on keys by a handshake, without an engine."""

import threading

import pytest
from msgspec.structs import replace

from mixminus.base.stun import Attribute, Class, StunMessage
from mixminus.media.contract import Event, RtpTimedOut, SecuringFailed, SetLegMedia, UseCertificate
from mixminus.media.secure_bench import Bench, InlineBench, Job, ThreadBench
from mixminus.media.secure_far_ends import HANDSHAKE_S, MOST_REFUSED, SWEEP_S, FarEnds
from mixminus.media.srtp_terms import DtlsTerms, IceTerms, SrtpKeys
from mixminus.webrtc.dtls import DtlsContext, Handshake, Progress
from mixminus.webrtc.ice import CONSENT_S
from mixminus.webrtc.io.certificates import make_certificate

NODE, BROWSER = make_certificate(), make_certificate()
CONTEXT = DtlsContext(BROWSER)

LEG = 7
HERE, THERE, STRANGE = ("192.0.2.1", 5000), ("198.51.100.2", 6000), ("203.0.113.9", 666)
ICE = IceTerms("ours", "our password of 22 chrs", "them", "their password of 24 char")
DTLS = DtlsTerms(is_client=False, hash_name="sha-256", fingerprint=BROWSER.fingerprint)
MEDIA = SetLegMedia(LEG, "192.0.2.1", 5000, "opus", None, sends=True, receives=True, ice=ICE, dtls=DTLS)


class LateBench:
    """Does nothing until it is told to."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def offer(self, job: Job) -> None:
        self.jobs.append(job)

    def work(self) -> None:
        jobs, self.jobs = self.jobs, []
        for job in jobs:
            job()

    def close(self) -> None:
        pass


class Node:
    """The far ends' engine."""

    def __init__(self, bench: Bench | None = None) -> None:
        self.ticks = 5000
        self.places: list[tuple[str, int]] = []
        self.keys: list[SrtpKeys] = []
        self.events: list[Event] = []
        self.far_ends = FarEnds(self, bench or InlineBench(), UseCertificate(NODE.der, NODE.key_der))

    def found(self, leg: int, host: str, port: int) -> None:
        self.places.append((host, port))

    def secure(self, leg: int, keys: SrtpKeys) -> None:
        self.keys.append(keys)

    def tell(self, *events: Event) -> None:
        self.events.extend(events)

    @property
    def now(self) -> float:
        return self.ticks / 50

    def sent(self) -> list[tuple[bytes, tuple[str, int]]]:
        return [(datagram.data, datagram.destination) for datagram in self.far_ends.exchange()]

    def after(self, seconds: float) -> None:
        self.ticks += round(50 * seconds)


class Browser:
    """Checks, and shakes hands."""

    def __init__(self, node: Node, *, is_client: bool = True) -> None:
        self._node = node
        self.hands = Handshake(CONTEXT, is_client=is_client, hash_name="sha-256", fingerprint=NODE.fingerprint)

    def check(self, source: tuple[str, int] = HERE, *, nominates: bool = True, terms: IceTerms = ICE) -> None:
        said: list[tuple[int, bytes]] = [
            (Attribute.USERNAME, f"{terms.our_fragment}:{terms.their_fragment}".encode()),
            (Attribute.PRIORITY, (100).to_bytes(4)),
            (Attribute.ICE_CONTROLLING, bytes(8)),
        ]
        if nominates:
            said.append((Attribute.USE_CANDIDATE, b""))
        data = StunMessage(Class.REQUEST, b"transaction!", tuple(said)).written(terms.our_password.encode())
        self._node.far_ends.receive(LEG, data, source)

    def shake(self, source: tuple[str, int] = HERE) -> None:
        """Until nobody says anything any more."""
        self.hands.begin(self._node.now)
        for _ in range(10):
            for data in self.hands.take():
                self._node.far_ends.receive(LEG, data, source)
            for data, destination in self._node.sent():
                if data[0] > 3 and destination == source:
                    self.hands.receive(data, self._node.now)


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
def browser(node: Node) -> Browser:
    node.far_ends.set_media(MEDIA)
    return Browser(node)


def test_a_check_is_answered_where_it_came_from(node: Node, browser: Browser) -> None:
    browser.check(nominates=False)
    ((answer, destination),) = node.sent()
    assert destination == HERE
    assert StunMessage.parse(answer).mapped_address == HERE
    assert node.places == []


def test_media_goes_to_the_nominated_address_not_to_that_of_sdp(node: Node, browser: Browser) -> None:
    browser.check(THERE)
    browser.check(THERE)
    assert node.places == [THERE]


def test_a_browser_that_changes_networks_is_followed(node: Node, browser: Browser) -> None:
    browser.check(HERE)
    browser.check(THERE)
    assert node.places == [HERE, THERE]


def test_after_check_and_handshake_there_are_keys(node: Node, browser: Browser) -> None:
    browser.check()
    browser.shake()
    assert browser.hands.progress is Progress.DONE
    (keys,) = node.keys
    assert browser.hands.keys is not None
    assert (keys.ours, keys.theirs) == (browser.hands.keys.theirs, browser.hands.keys.ours)
    assert node.events == []


def test_whoever_passed_no_check_gets_no_handshake(node: Node, browser: Browser) -> None:
    browser.shake(STRANGE)
    browser.check()
    node.sent()
    browser.shake(STRANGE)
    assert node.sent() == []
    assert node.keys == []


def test_a_handshake_may_begin_before_the_nomination(node: Node, browser: Browser) -> None:
    browser.check(THERE, nominates=False)
    node.sent()
    browser.shake(THERE)
    assert len(node.keys) == 1
    assert node.places == []


def test_we_begin_when_the_far_end_is_found_if_that_was_agreed_on(node: Node) -> None:
    node.far_ends.set_media(replace(MEDIA, dtls=dtls(is_client=True)))
    browser = Browser(node, is_client=False)
    assert node.sent() == []
    browser.check()
    browser.shake()
    assert len(node.keys) == 1


def test_without_checks_the_announced_host_and_no_other_agrees_on_keys(node: Node) -> None:
    node.far_ends.set_media(replace(MEDIA, ice=None))
    Browser(node).shake(STRANGE)
    assert node.keys == []
    Browser(node).shake((HERE[0], 777))
    assert len(node.keys) == 1


def test_behind_a_nat_keys_are_agreed_on_with_the_host_that_the_sip_comes_from(node: Node) -> None:
    node.far_ends.set_media(replace(MEDIA, ice=None, signalled_from=THERE[0]))
    Browser(node).shake(STRANGE)
    assert node.keys == []
    Browser(node).shake(THERE)
    assert len(node.keys) == 1


def test_another_certificate_than_the_announced_one_ends_in_a_reason(node: Node) -> None:
    node.far_ends.set_media(replace(MEDIA, dtls=dtls(fingerprint=bytes(32))))
    browser = Browser(node)
    browser.check()
    browser.shake()
    assert node.keys == []
    assert node.events == [SecuringFailed(LEG, "the certificate is not the one that SDP announced")]


def test_a_far_end_that_never_shakes_hands_is_given_up(node: Node, browser: Browser) -> None:
    for _ in range(int(HANDSHAKE_S) + 2):
        browser.check()
        node.sent()
        node.after(1.0)
    assert node.events == [SecuringFailed(LEG, "the far end did not agree on keys in time")]


def test_rfc7675_5_1_a_far_end_that_ceases_to_check_is_gone_once(node: Node, browser: Browser) -> None:
    browser.check()
    browser.shake()
    for _ in range(100):
        node.after(1.0)
        browser.check()
        node.sent()
    assert node.events == []
    node.after(CONSENT_S - 0.1)
    node.sent()
    assert node.events == []
    node.after(0.1 + SWEEP_S)
    node.sent()
    node.after(CONSENT_S)
    node.sent()
    assert node.events == [RtpTimedOut(LEG)]


def test_the_same_terms_again_keep_the_keys(node: Node, browser: Browser) -> None:
    browser.check()
    browser.shake()
    node.far_ends.set_media(replace(MEDIA, sends=False))
    browser.check()
    browser.shake()
    assert len(node.keys) == 1
    assert node.places == [HERE]


def test_rfc8842_another_fingerprint_is_another_association(node: Node, browser: Browser) -> None:
    browser.check()
    browser.shake()
    other = make_certificate()
    node.far_ends.set_media(replace(MEDIA, dtls=dtls(fingerprint=other.fingerprint)))
    again = Browser(node)
    again.hands = Handshake(DtlsContext(other), is_client=True, hash_name="sha-256", fingerprint=NODE.fingerprint)
    again.shake()
    assert len(node.keys) == 2
    assert node.keys[0] != node.keys[1]


def test_an_ice_restart_moves_media_and_keeps_the_keys(node: Node, browser: Browser) -> None:
    browser.check()
    browser.shake()
    new = IceTerms("new1", "another password of ours", "new2", "another one of theirs..")
    node.far_ends.set_media(replace(MEDIA, ice=new))
    browser.check(THERE, terms=new)
    browser.shake(THERE)
    assert node.places == [HERE, THERE]
    assert len(node.keys) == 1


def test_a_leg_that_is_gone_is_forgotten(node: Node, browser: Browser) -> None:
    browser.check()
    node.far_ends.drop(LEG)
    assert node.far_ends.is_idle
    browser.check()
    browser.shake()
    node.after(2 * CONSENT_S)
    node.sent()
    assert (node.keys, node.events) == ([], [])


def test_plain_media_after_all_needs_none_of_this(node: Node, browser: Browser) -> None:
    browser.check()
    node.far_ends.set_media(replace(MEDIA, ice=None, dtls=None))
    assert node.far_ends.is_idle


def test_the_beats_do_not_wait_for_the_bench() -> None:
    bench = LateBench()
    node = Node(bench)
    node.far_ends.set_media(MEDIA)
    browser = Browser(node)
    browser.check()
    node.sent()
    browser.hands.begin(0.0)
    for data in browser.hands.take():
        node.far_ends.receive(LEG, data, HERE)
    assert node.sent() == []
    bench.work()
    assert [destination for _, destination in node.sent()] == [HERE]


def test_a_flood_of_one_far_end_does_not_fill_the_bench() -> None:
    bench = LateBench()
    node = Node(bench)
    node.far_ends.set_media(MEDIA)
    browser = Browser(node)
    browser.check()
    for _ in range(10_000):
        node.far_ends.receive(LEG, b"\x16" + bytes(99), HERE)
    assert len(bench.jobs) <= 8


def test_a_flood_of_checks_of_strangers_is_counted_and_hides_nobody(node: Node, browser: Browser) -> None:
    strange = StunMessage(Class.REQUEST, b"transaction!", ((Attribute.USERNAME, b"who:me"),)).written(b"guessed")
    node.sent()
    for port in range(1, 2001):
        node.far_ends.receive(LEG, strange, ("203.0.113.9", port))
    browser.check()
    answers = node.sent()
    assert len(answers) == MOST_REFUSED + 1
    assert node.places == [HERE]
    assert node.far_ends.refusals.datagrams == 2000
    node.far_ends.receive(LEG, strange, STRANGE)
    assert node.sent() == []
    node.after(SWEEP_S)
    node.sent()
    node.far_ends.receive(LEG, strange, STRANGE)
    assert len(node.sent()) == 1


def test_a_leg_may_be_closed_while_its_handshake_is_worked_on() -> None:
    bench = LateBench()
    node = Node(bench)
    node.far_ends.set_media(MEDIA)
    browser = Browser(node)
    browser.check()
    browser.hands.begin(0.0)
    for data in browser.hands.take():
        node.far_ends.receive(LEG, data, HERE)
    node.far_ends.drop(LEG)
    bench.work()
    assert [data for data, _ in node.sent() if data[0] > 3] == []


def test_the_same_on_a_thread() -> None:
    bench = ThreadBench("handshakes")
    node = Node(bench)
    node.far_ends.set_media(MEDIA)
    browser = Browser(node)
    browser.check()
    for _ in range(10):
        browser.shake()
        is_done = threading.Event()
        bench.offer(is_done.set)
        assert is_done.wait(10)
    bench.close()
    assert len(node.keys) == 1


def dtls(*, is_client: bool = False, fingerprint: bytes = BROWSER.fingerprint) -> DtlsTerms:
    return DtlsTerms(is_client, "sha-256", fingerprint)
