"""Where the web server listens: the socket is opened first, so a taken port is known at once."""

import errno
import ipaddress
import socket

from weiye.launcher.trouble import Trouble

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000


def listen(host: str, port: int | None) -> socket.socket:
    """Open the listening socket; ``port`` None means the default, 0 any free one.

    Raises Trouble for a port that is taken or not ours to take, and for an unknown host.
    """
    number = DEFAULT_PORT if port is None else port
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise Trouble(f"--host {host}: no such machine or address is known here.") from None
    try:
        return socket.create_server(address[:2], family=family, backlog=512)
    except OSError as error:
        raise Trouble(_sentence(error, host, number)) from None


def _sentence(error: OSError, host: str, port: int) -> str:
    other = "Choose another one: ./weiye run --port NUMBER."
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} on {host} is taken by another program. {other}"
        case errno.EACCES | errno.EPERM:
            return f"Port {port} may not be used without more rights. {other}"
        case errno.EADDRNOTAVAIL:
            return f"{host} is not an address of this machine; see ./weiye run --host."
        case _:
            return f"{host}:{port} cannot be listened on: {error.strerror}. {other}"


def is_loopback(opened: socket.socket) -> bool:
    """Whether only this machine can reach the socket."""
    return ipaddress.ip_address(opened.getsockname()[0].partition("%")[0]).is_loopback


def is_any(opened: socket.socket) -> bool:
    """Whether the socket listens on every address of the machine."""
    return ipaddress.ip_address(opened.getsockname()[0].partition("%")[0]).is_unspecified


def url(opened: socket.socket, host: str) -> str:
    """The address to open on this machine."""
    number = opened.getsockname()[1]
    if is_any(opened):
        host = "127.0.0.1"
    return f"http://[{host}]:{number}" if ":" in host else f"http://{host}:{number}"


def names(opened: socket.socket, host: str) -> str:
    """The host names that requests may bear, comma-separated, as Django wants them."""
    known = ["127.0.0.1", "localhost", "[::1]"]
    if not is_loopback(opened):
        known += [socket.gethostname(), socket.getfqdn()]
        if is_any(opened):
            known += _own_addresses()
    known.append(f"[{host}]" if ":" in host else host)
    return ",".join(dict.fromkeys(name for name in known if name not in ("0.0.0.0", "[::]")))  # noqa: S104


def _own_addresses() -> list[str]:
    """Addresses of this machine: those of its name, and the one it would call out from."""
    found: list[str] = []
    try:
        for _, _, _, _, address in socket.getaddrinfo(socket.gethostname(), None):
            found.append(str(address[0]))
    except (socket.gaierror, UnicodeError):
        pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1: chooses a route, sends nothing
            found.append(probe.getsockname()[0])
        except OSError:
            pass
    return [f"[{name}]" if ":" in name else name for name in found]
