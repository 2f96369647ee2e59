"""Where the settings have us take SIP, and who we are there."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog

from mixminus.base.settings import Settings, SipListen, Trunk
from mixminus.sip.contract import Listener, Transport
from mixminus.sip.io.own_certificate import fingerprint, own_certificate
from mixminus.sip.io.tls import BadCertificate, Identity, Tls, Trust
from mixminus.sip.messages.uri import hosts_of

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.node")


def sip_listeners(settings: Settings) -> tuple[Listener, ...]:
    """Those beside `--sip`."""
    return tuple(_listener(said) for said in settings.sip_listen)


def sip_tls(settings: Settings, listeners: Sequence[Listener], now: datetime) -> Tls:
    """Our certificate, where one is shown, and what is asked of trunks' ones. Raises `BadCertificate`."""
    secure = [listener.told_host for listener in listeners if listener.transport.is_secure]
    own = _identity(settings, secure, now) if secure else None
    trust = {host: _trust(trunk) for trunk in settings.trunks for host in hosts_of(door.uri for door in trunk.doors)}
    return Tls(own, trust)


def _identity(settings: Settings, hosts: Sequence[str], now: datetime) -> Identity:
    certificate, key = settings.sip_tls_certificate, settings.sip_tls_key
    if (certificate is None) != (key is None):
        raise BadCertificate("sip_tls_certificate and sip_tls_key go together: set both, or none of them.")
    identity = Identity(certificate, key) if certificate and key else own_certificate(settings.data, hosts, now)
    log.info("certificate for SIP", file=str(identity.certificate), sha256=fingerprint(identity.certificate))
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


def _trust(trunk: Trunk) -> Trust:
    return Trust(trunk.tls_verify, Path(trunk.tls_roots).expanduser() if trunk.tls_roots else None)
