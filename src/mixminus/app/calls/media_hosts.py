"""Which addresses of ours SDP tells a far end."""

from collections.abc import Sequence

from mixminus.sip.places.networks import literal, reach


def told_hosts(ours: Sequence[str], far: str) -> tuple[str, str | None]:
    """The one for descriptions that go to *far*, and one in the other IP version, if there is one.

    *ours* are IP addresses, best first. One in the version that the far end's SIP comes by goes before others, and
    then one that is reached from as far away as it is: a phone of this site is told our address on the site.
    """
    theirs = literal(far)

    def distance(own: str) -> tuple[bool, int]:
        address = literal(own)
        if address is None or theirs is None:
            return False, 0
        return address.version != theirs.version, abs(reach(address) - reach(theirs))

    best, *others = sorted(ours, key=distance)
    return best, next((own for own in others if (":" in own) != (":" in best)), None)
