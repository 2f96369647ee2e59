"""Whose certificate it is (RFC 5922 7). What is certified, and by whom, is the business of TLS."""

from collections.abc import Mapping
from typing import Any

from mixminus.sip.places.networks import literal


def is_for(certificate: Mapping[str, Any], domain: str) -> bool:
    """Whether a verified certificate, as `ssl` shows it, may stand for *domain*, or for that IP address.

    SIP URIs and host names count, a common name only where there are none of them (7.1). A host name may have `*` for
    its first label: RFC 5922 7.2 forbids that, and the certificates of carriers have it (decision 0015).
    """
    domain = domain.lower().rstrip(".")
    named = [(kind, value.lower()) for kind, value in certificate.get("subjectAltName", ())]
    if (address := literal(domain)) is not None:
        return any(kind == "IP Address" and literal(value) == address for kind, value in named)
    names = [value for kind, value in named if kind == "DNS"]
    uris = [value[4:] for kind, value in named if kind == "URI" and value.startswith("sip:")]
    if not names and not uris:
        subject = (pair for group in certificate.get("subject", ()) for pair in group)
        names = [value.lower() for key, value in subject if key == "commonName"]
    return domain in uris or any(_covers(name, domain) for name in names)


def _covers(name: str, domain: str) -> bool:
    if not name.startswith("*."):
        return name == domain
    first, dot, rest = domain.partition(".")
    return bool(first and dot) and rest == name[2:] and "." in rest
