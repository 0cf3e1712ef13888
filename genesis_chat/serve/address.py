"""Where the server listens, and by what names it goes there."""

import ipaddress
import socket
from contextlib import suppress

from ..errors import GenesisChatError, UsageError

LOOPBACK = "127.0.0.1"
HTTP_PORT = 80


class PortTakenError(GenesisChatError):
    """Another program listens there."""


def listen(address: str, port: int) -> socket.socket:
    """A socket that listens. Raises `PortTakenError`, `UsageError`."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((address, port))
        found.listen(512)
    except PermissionError as error:
        found.close()
        raise UsageError(
            f"Port {port} is only for the system's own programs; choose one above 1023 "
            "with --port."
        ) from error
    except OSError as error:
        found.close()
        if by := _listening_at(port):
            raise PortTakenError(
                f"Port {port} is taken by {by}; choose another with --port."
            ) from error
        raise UsageError(
            f"Cannot listen on {address}, port {port}: {error.strerror}. Choose an "
            "address of this computer with --listen, or another --port."
        ) from error
    found.setblocking(False)
    return found


def _listening_at(port: int) -> str:
    """Who listens at a port, in words; empty when nobody does."""
    import psutil

    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return "another program" if _answers(port) else ""
    for each in connections:
        if each.status == psutil.CONN_LISTEN and each.laddr[1:] == (port,):
            if each.pid is None:
                return "a program of another user"
            name = "a program"
            with suppress(psutil.Error):
                name = psutil.Process(each.pid).name()
            return f"{name} (process {each.pid})"
    return ""


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection((LOOPBACK, port), 1):
        return True
    return False


def is_loopback(address: str) -> bool:
    """Whether only this computer reaches an address. Raises `UsageError`."""
    return _parsed(address).is_loopback


def hosts(address: str, port: int) -> frozenset[str]:
    """What the Host header may say, in lower case."""
    own = _parsed(address)
    names = {"localhost", LOOPBACK, "::1"} if own.is_loopback else {str(own)}
    if not own.is_loopback:
        name = socket.gethostname().lower()
        names |= {name, f"{name.partition('.')[0]}.local"}
    if own.is_unspecified:
        names |= {"localhost", LOOPBACK, *_own_addresses()}
    shown = {f"[{name}]" if ":" in name else name for name in names}
    return frozenset(
        {f"{name}:{port}" for name in shown} | (shown if port == HTTP_PORT else set())
    )


def _own_addresses() -> set[str]:
    import psutil

    return {
        each.address.partition("%")[0]
        for interface in psutil.net_if_addrs().values()
        for each in interface
        if each.family in (socket.AF_INET, socket.AF_INET6)
    }


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(address)
    except ValueError as error:
        raise UsageError(
            f"--listen needs an address such as 192.168.1.20 or 0.0.0.0, not "
            f"{address[:80]!r}."
        ) from error
