"""What a trunk's answers mean: values in, findings out, each with what to do about it."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from mixminus.cli.doctor.findings import Finding, Health
from mixminus.sip.contract import Address
from mixminus.sip.messages.uri import parse_parameters
from mixminus.sip.places.networks import SITE_NETWORKS, literal

SLOW_S: Final = 0.5
"""An answer that takes longer is a delay that callers notice in each step of the set-up."""
SKEW_S: Final = 5.0
STIR_SKEW_S: Final = 60.0
"""Beyond it signed callers fail (RFC 8224 4.1)."""
CERTIFICATE_DAYS: Final = 14


def place(uri: str, place: Address | None, error: str = "") -> Finding:
    if place is None:
        advice = "Compare the name with the carrier's documentation, and look at this machine's DNS."
        return Finding("address", Health.BAD, f"{uri}: {error}", advice)
    return Finding("address", Health.GOOD, f"{uri} is {place.transport}:{place.host}:{place.port}")


def our_address(sip_host: str, gateway: str) -> Finding | None:
    """None: the gateway could reach us, as far as one can tell from addresses."""
    ours, theirs = literal(sip_host), literal(gateway)
    if ours is not None and ours.is_loopback and theirs is not None and not theirs.is_loopback:
        advice = "Set --sip to this machine's address on the network of the trunk."
        return Finding("our address", Health.BAD, f"--sip {sip_host} cannot be reached from {gateway}", advice)
    return None


def options(status: int, took_s: float) -> Finding:
    """What an OPTIONS met, over the trunk's own transport."""
    ms = f"{took_s * 1000:.0f} ms"
    if status == 408:
        advice = (
            "Nothing came back. Look for a firewall between here and there; ask the carrier whether this machine's "
            "address is on its list; try ;transport=tcp in the uri."
        )
        return Finding("OPTIONS", Health.BAD, f"no answer after {took_s:.0f} s", advice)
    if status == 503 and took_s < SLOW_S:
        advice = "The connection was refused or broke: compare port and transport with the carrier's documentation."
        return Finding("OPTIONS", Health.BAD, f"503, or no connection ({ms})", advice)
    if status >= 500:
        advice = "It lives, and is not well: the node passes it over for a while. Ask the carrier."
        return Finding("OPTIONS", Health.BAD if status == 503 else Health.POOR, f"{status} after {ms}", advice)
    if status == 403:
        advice = "It knows us and does not want us: ask the carrier to allow this machine's address."
        return Finding("OPTIONS", Health.POOR, f"403 after {ms}", advice)
    if took_s > SLOW_S:
        advice = "Each step of a call's set-up takes that long: choose a gateway of a nearer region, if there is one."
        return Finding("OPTIONS", Health.POOR, f"{status} after {ms}", advice)
    return Finding("OPTIONS", Health.GOOD, f"{status} after {ms}")


def certificate(subject: str, until: datetime | None, now: datetime, error: str = "") -> Finding:
    """Of a gateway by TLS, as calls over the trunk judge it."""
    if until is None:
        advice = (
            "Name the file with its root in the trunk's tls_roots, or write the host in uri that its certificate is "
            "for; the carrier's documentation has both."
        )
        return Finding("certificate", Health.BAD, error, advice)
    days = (until - now).days
    if days < CERTIFICATE_DAYS:
        advice = "Carriers renew in time, as a rule; calls over TLS fail when it is over."
        return Finding("certificate", Health.POOR, f"{subject}, {days} more days", advice)
    return Finding("certificate", Health.GOOD, f"{subject}, until {until:%Y-%m-%d}")


def any_certificate(subject: str) -> Finding:
    """Of a trunk that does not look at them."""
    advice = "Whoever is between here and there can read calls and change them: use tls_roots instead of tls_verify."
    return Finding("certificate", Health.POOR, f"{subject}, which nobody looks at (tls_verify = false)", advice)


def no_connection(error: str) -> Finding:
    """Where TLS was to be spoken."""
    advice = (
        "Compare host and port with the carrier's documentation (TLS is at 5061, as a rule); look for a firewall."
    )
    return Finding("connection", Health.BAD, error, advice)


def registration(status: int, bindings: int) -> Finding:
    """What a REGISTER without a Contact met: it asks who is registered, and changes nothing (RFC 3261 10.2.3)."""
    if 200 <= status < 300:
        seen = f"the credentials are good; {bindings} contact{'s' if bindings != 1 else ''} registered now"
        return Finding("registration", Health.GOOD, seen)
    if status in (401, 403, 407):
        advice = "username or password is wrong, or domain: some carriers want another one than the host."
        return Finding("registration", Health.BAD, f"{status}: the credentials were not accepted", advice)
    if status == 408:
        advice = "OPTIONS and REGISTER may be served by different machines: ask the carrier for its registrar."
        return Finding("registration", Health.BAD, "no answer", advice)
    advice = "Compare uri, username and domain with the carrier's documentation."
    return Finding("registration", Health.POOR if status == 405 else Health.BAD, str(status), advice)


def nat(via: str | None, ours: tuple[str, int], media_host: str) -> Finding:
    """How the gateway sees us (`received` and `rport` of Via, RFC 3581), and what we say of ourselves."""
    said = parse_parameters(";" + (via or "").partition(";")[2])
    seen = said.get("received") or ours[0]
    port = said.get("rport") or str(ours[1])
    if seen == ours[0]:
        return Finding("NAT", Health.GOOD, f"none: it sees us at {seen}:{port}")
    if media_host == seen:
        return Finding("NAT", Health.GOOD, f"it sees us at {seen}:{port}, which --rtp says, too")
    where = literal(media_host)
    is_private = where is not None and any(where in network for network in SITE_NETWORKS)
    advice = (
        f"We tell the carrier {ours[0]} for signalling and {media_host} for audio, and it sees {seen}. Forward the "
        "SIP port and the ports of --rtp, and tell phones that address; or ask the carrier for NAT support: it sends "
        "audio to where ours comes from then."
    )
    seen_as = f"it sees us at {seen}:{port}, not at {ours[0]}:{ours[1]}"
    return Finding("NAT", Health.POOR, seen_as + (f"; {media_host} is private" if is_private else ""), advice)


def clock(date: str | None, now: datetime) -> Finding | None:
    """How far our clock is from the gateway's `Date`. None: it tells none."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except (ValueError, TypeError):
        return None
    skew_s = (now - theirs.replace(tzinfo=theirs.tzinfo or UTC)).total_seconds()
    if abs(skew_s) <= SKEW_S:
        return Finding("clock", Health.GOOD, "as the gateway's")
    advice = "Run an NTP client here."
    if abs(skew_s) > STIR_SKEW_S:
        advice += " Signatures of callers are refused at more than 60 s, and records have wrong times."
    way = "ahead of" if skew_s > 0 else "behind"
    return Finding("clock", Health.POOR, f"{abs(skew_s):.0f} s {way} the gateway's", advice)


def codecs(body: bytes, ours: Sequence[str]) -> Finding | None:
    """Those of an OPTIONS answer with SDP that are ours, too. None: it brought none, as most do not."""
    text = body.decode("ascii", "replace")
    named = [name.lower() for name in re.findall(r"^a=rtpmap:[0-9]+ ([A-Za-z0-9-]+)/", text, re.MULTILINE)]
    static = {"0": "pcmu", "8": "pcma", "9": "g722"}
    for formats in re.findall(r"^m=audio [0-9]+ [A-Z/]+ ([0-9 ]+)", text, re.MULTILINE):
        named += [static[number] for number in formats.split() if number in static]
    if not named:
        return None
    common = [codec for codec in ours if codec.lower() in named]
    if not common:
        advice = f"It offers {', '.join(dict.fromkeys(named))}: allow one of these, see the setting codecs."
        return Finding("codecs", Health.BAD, "none in common", advice)
    return Finding("codecs", Health.GOOD, ", ".join(common))


def media_ports(host: str, tried: int, taken: int, seen: int) -> Finding:
    """Ports of `--rtp` that were bound, and those that a packet of ours to ourselves came in at."""
    if tried == taken:
        return Finding(
            "media ports", Health.BAD, f"none of {tried} could be bound on {host}", "Choose another --rtp."
        )
    free = tried - taken
    if seen < free:
        advice = "A firewall on this machine drops UDP there: allow the ports of --rtp."
        return Finding("media ports", Health.BAD, f"{free - seen} of {free} took no packet on {host}", advice)
    seen_there = f"{free} of {tried} tried on {host} take packets"
    if taken:
        return Finding(
            "media ports", Health.POOR, seen_there, "Others use this range, or a node runs: look at --rtp."
        )
    return Finding("media ports", Health.GOOD, seen_there + " from this machine")
