"""A phone registers with digest at a registrar that was written for this test alone."""

import hashlib
import re

import pytest

from mixminus.testing.errors import CallRefused
from mixminus.testing.memory_network import MemoryNetwork
from mixminus.testing.network import Address, DatagramPort
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.user_agent.message import Request, parse_message, respond
from mixminus.testing.virtual_time import run_virtual

REGISTRAR = ("10.0.0.100", 5060)
HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class Registrar:
    """Challenges once, checks the answer, keeps the Contact."""

    def __init__(self, algorithms: list[str], password: str = "secret") -> None:
        self.contacts: dict[str, str] = {}
        self.used: list[str] = []
        self._algorithms = algorithms
        self._password = password
        self._port: DatagramPort | None = None

    async def open(self, network: MemoryNetwork) -> None:
        self._port = await network.open_datagrams(REGISTRAR, self._receive)

    def _receive(self, data: bytes, sender: Address) -> None:
        request = parse_message(data)
        assert isinstance(request, Request)
        assert self._port is not None
        response = respond(request, 200 if self._is_authentic(request) else 401, "registrar")
        if response.status == 401:
            for algorithm in self._algorithms:
                challenge = f'Digest realm="test", nonce="n1", qop="auth", algorithm={algorithm}'
                response.headers.add("WWW-Authenticate", challenge)
        else:
            self.contacts[request.headers.get("To")] = request.headers.get("Contact")
        self._port.send(bytes(response), sender)

    def _is_authentic(self, request: Request) -> bool:
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', request.headers.get("Authorization")))
        if not fields:
            return False
        algorithm = fields["algorithm"]
        self.used.append(algorithm)

        def digest(*parts: str) -> str:
            return HASHES[algorithm](":".join(parts).encode()).hexdigest()

        secret = digest(fields["username"], "test", self._password)
        purpose = digest("REGISTER", request.uri)
        expected: str = digest(secret, "n1", fields["nc"], fields["cnonce"], "auth", purpose)
        return bool(expected == fields["response"])


@pytest.mark.parametrize(
    ("offered", "known", "used"),
    [
        (["SHA-256", "MD5"], ("SHA-256", "MD5"), "SHA-256"),
        (["SHA-256", "MD5"], ("MD5",), "MD5"),
        (["MD5"], ("SHA-256", "MD5"), "MD5"),
    ],
)
def test_a_phone_registers_with_the_best_digest_both_know(
    offered: list[str], known: tuple[str, ...], used: str
) -> None:
    async def story() -> None:
        network, registrar = MemoryNetwork(), Registrar(offered)
        await registrar.open(network)
        async with VirtualPhone(
            network, user="alice", host="10.0.0.1", server=REGISTRAR, password="secret", algorithms=known
        ) as alice:
            await alice.register()
            assert registrar.contacts == {"<sip:alice@10.0.0.100>": f"<{alice.uri}>"}
            assert registrar.used == [used]

    run_virtual(story())


@pytest.mark.parametrize("password", [None, "wrong"])
def test_a_wrong_or_missing_password_is_refused(password: str | None) -> None:
    async def story() -> None:
        network, registrar = MemoryNetwork(), Registrar(["MD5"])
        await registrar.open(network)
        async with VirtualPhone(network, user="alice", host="10.0.0.1", server=REGISTRAR, password=password) as alice:
            with pytest.raises(CallRefused) as refusal:
                await alice.register()
            assert refusal.value.status == 401
            assert registrar.contacts == {}

    run_virtual(story())
