"""Sockets of IPv4, or of both families: one of IPv6 serves IPv4, too, by mapped addresses (RFC 3493 section 3.7)."""

import socket


def family_of(host: str) -> socket.AddressFamily:
    """Of sockets that are bound to that address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def datagram_socket(family: socket.AddressFamily) -> socket.socket:
    """A new one. Raises `OSError`."""
    made = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return made


def reachable(family: int, address: tuple[str, int]) -> tuple[str, int]:
    """That address, as a socket of that family has to be told of it."""
    host, port = address
    return (f"::ffff:{host}", port) if family == socket.AF_INET6 and ":" not in host else address
