"""Whether the number that calls is the caller's: what a trunk found out, or what the call's own signature proves."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509

from mixminus.base.clock import Clock
from mixminus.base.types import FormPairs
from mixminus.sip.contract import Invited
from mixminus.stir.certificates import NoCertificate
from mixminus.stir.passport import BadPassport, read_passport, shaken_identity
from mixminus.stir.verifying import BadCertificate, Outcome, Verdict, read_roots, verify

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.stir")

FetchCertificate = Callable[[str], Awaitable[bytes]]
"""The chain behind a URL, in PEM. Raises `NoCertificate`."""

PATIENCE_S: Final = 2.0
"""How long a call waits for its signer's certificate."""


class CallerProof:
    """One per node. Without roots nothing is verified here, and only trunks are believed."""

    def __init__(self, roots: tuple[x509.Certificate, ...], fetch: FetchCertificate, clock: Clock) -> None:
        self._roots = roots
        self._fetch = fetch
        self._clock = clock

    async def of(self, invited: Invited, caller: str, called: str) -> FormPairs:
        """`StirVerstat`, and the token if there is one; nothing for calls that are not from the phone network, and
        where nobody can tell (twiml-and-streams.md, Trust).
        """
        if invited.user is not None:
            return ()
        identity = shaken_identity(invited.identities)
        if identity is None or not self._roots:
            return (("StirVerstat", invited.verstat),) if invited.verstat is not None else ()
        verdict = await self._verdict(identity, caller, (called, invited.called, _user_of(invited.to_uri)))
        said = {"call_id": invited.call_id[:80], "verstat": verdict.word, "why": verdict.why or None}
        log.info("signed caller", **said)
        return (("StirVerstat", verdict.word), ("StirPassportToken", identity.partition(";")[0].strip()))

    async def _verdict(self, identity: str, caller: str, called: tuple[str, ...]) -> Verdict:
        try:
            passport = read_passport(identity)
        except BadPassport as error:
            return Verdict(Outcome.FAILED, None, str(error))
        try:
            async with asyncio.timeout(PATIENCE_S):
                chain = await self._fetch(passport.certificate_url)
        except NoCertificate as error:
            return Verdict(Outcome.NONE, None, str(error))
        except TimeoutError:
            return Verdict(Outcome.NONE, None, "the certificate did not come in time")
        return verify(passport, chain, self._roots, caller, called, self._clock.utc())


def configured_roots(file: Path | None) -> tuple[x509.Certificate, ...]:
    """The authorities of the setting `stir_roots`. Raises `BadCertificate`."""
    if file is None:
        return ()
    try:
        return read_roots(file.read_bytes())
    except OSError as error:
        raise BadCertificate(f"stir_roots {file} cannot be read: {error.strerror}") from error
    except BadCertificate as error:
        raise BadCertificate(f"stir_roots {file}: {error}") from error


def _user_of(uri: str) -> str:
    return uri.partition(":")[2].partition("@")[0].partition(";")[0]
