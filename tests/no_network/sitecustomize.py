"""Python imports this at its start where this folder is on PYTHONPATH: no connection leaves the machine.

Jupyter needs loopback, so that stays. An audit hook sees what goes through Python's `socket` (urllib, requests,
httpx, pip), not a library's own calls in C, nor other programs; for these run the tests in a network namespace:
``unshare -rn bash -c "ip link set lo up && uv run --offline --group dev pytest"``.
"""

import errno
import sys

LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
MESSAGES = ("socket.connect", "socket.sendto", "socket.sendmsg")


def _stays_here(host) -> bool:
    import ipaddress
    import socket

    host = host.decode() if isinstance(host, bytes) else host
    if host in (None, "", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a name
        return False
    return address.is_loopback or address.is_unspecified


def _refuse(event: str, arguments: tuple) -> None:
    if event in LOOKUPS:
        host = arguments[0]
    elif event in MESSAGES and isinstance(arguments[1], tuple):  # the address of a Unix socket is a path
        host = arguments[1][0]
    else:
        return
    if not _stays_here(host):
        raise OSError(errno.ENETUNREACH, f"the course runs without network: {event} to {host!r} refused by the tests")


sys.addaudithook(_refuse)
