"""Where the settings have us take SIP, and who we are there."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog

from mixminus.base.settings import Settings, SipListen, Trunk
from mixminus.sip.contract import Listener, Transport
from mixminus.sip.io.own_certificate import fingerprint, own_certificate
from mixminus.sip.io.tls import BadCertificate, Identity, Tls, Trust
from mixminus.sip.messages.uri import AddressError, Uri
from mixminus.sip.places.dns import RecordType
from mixminus.sip.places.locating import Means
from mixminus.sip.places.networks import literal

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.node")


def sip_listeners(settings: Settings) -> tuple[Listener, ...]:
    """Those beside `--sip`."""
    return tuple(_listener(said) for said in settings.sip_listen)


def sip_tls(settings: Settings, listeners: Sequence[Listener], now: datetime) -> Tls:
    """Our certificate, where one is shown, and what is asked of trunks' ones. Raises `BadCertificate`."""
    secure = [listener.told_host for listener in listeners if listener.transport.is_secure]
    own = _identity(settings, secure, now) if secure else None
    return Tls(own, _trust(settings.trunks))


def _identity(settings: Settings, hosts: Sequence[str], now: datetime) -> Identity:
    identity = _given(settings) or own_certificate(settings.data, hosts, now)
    log.info("certificate for SIP", file=str(identity.certificate), sha256=fingerprint(identity.certificate))
    return identity


def means(settings: Settings) -> Means:
    """Bound to one family of addresses, nobody of the other can be reached. Connections need no listener of ours."""
    hosts = [literal(at.host) for at in (settings.sip, *(each.at for each in settings.sip_listen))]
    versions = {4, 6} if None in hosts else {host.version for host in hosts if host is not None}
    families = [kind for kind, version in ((RecordType.A, 4), (RecordType.AAAA, 6)) if version in versions]
    return Means((Transport.UDP, Transport.TCP, Transport.TLS), tuple(families))


def _given(settings: Settings) -> Identity | None:
    certificate, key = settings.sip_tls_certificate, settings.sip_tls_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise BadCertificate("sip_tls_certificate and sip_tls_key go together: set both, or none of them.")
    try:
        fingerprint(certificate)
    except BadCertificate as error:
        raise BadCertificate(f"sip_tls_certificate {error}") from error
    try:
        key.read_bytes()
    except OSError as error:
        raise BadCertificate(f"sip_tls_key {key} cannot be read: {error.strerror}.") from error
    identity = Identity(certificate, key)
    try:
        Tls(identity)
    except BadCertificate as error:
        raise BadCertificate(f"sip_tls_certificate and sip_tls_key: {error}") from error
    return identity


def _listener(said: SipListen) -> Listener:
    told = said.advertised
    return Listener(
        Transport(said.transport),
        said.at.host,
        said.at.port,
        told.host if told is not None else "",
        told.port if told is not None else 0,
    )


def _trust(trunks: Sequence[Trunk]) -> dict[str, Trust]:
    """By host, since connections are shared by all trunks that lead there. Raises `BadCertificate`.

    A trunk that looks at no certificate must not open the way for another one of the same host.
    """
    trust: dict[str, Trust] = {}
    for trunk in trunks:
        roots = _roots(trunk)
        for host in _secure_hosts(trunk):
            known = trust.get(host, Trust(False, None))
            if None not in (known.roots, roots) and known.roots != roots:
                raise BadCertificate(
                    f"[trunks.{trunk.name}] tls_roots {roots}: another trunk has {known.roots} for {host}. Put the "
                    "certificates into one file, and name that in both."
                )
            trust[host] = Trust(known.verifies or trunk.tls_verify, known.roots or roots)
    return trust


def _roots(trunk: Trunk) -> Path | None:
    if not trunk.tls_roots:
        return None
    roots = Path(trunk.tls_roots).expanduser()
    try:
        Tls(None, {trunk.name: Trust(roots=roots)})
    except BadCertificate as error:
        raise BadCertificate(f"[trunks.{trunk.name}] tls_roots {error}") from error
    return roots


def _secure_hosts(trunk: Trunk) -> list[str]:
    """By which its certificates are looked for."""
    hosts = []
    for text in trunk.uris:
        try:
            uri = Uri.parse(text)
        except AddressError:
            continue  # told where it is called
        if _may_be_secure(uri):
            hosts.append(uri.host.strip("[]").rstrip(".").lower())
    return hosts


def _may_be_secure(uri: Uri) -> bool:
    """It asks for TLS, or leaves it to the DNS (RFC 3263 4.1)."""
    if uri.transport.is_secure:
        return True
    return "transport" not in uri.parameters and uri.port is None and literal(uri.host.strip("[]")) is None
