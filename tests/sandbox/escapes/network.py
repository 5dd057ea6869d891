"""Attempts to reach anything but the sockets that were bound in."""

from __future__ import annotations

from tests.sandbox.escapes.attempt import Attempt, error, python, says
from tests.sandbox.escapes.bait import Bait

_CONNECT = "s = socket.socket(socket.{family}, socket.SOCK_STREAM); s.settimeout(3); s.connect({address!r})"
_CUT = error("ENETUNREACH", "EHOSTUNREACH", "EPERM")
_UNKNOWN = error("EAFNOSUPPORT", "EPERM")


def attempts(bait: Bait) -> list[Attempt]:
    """All of them."""
    return [*_addresses(bait), *_names(), *_families(), *_own_network()]


def _addresses(bait: Bait) -> list[Attempt]:
    return [
        Attempt(
            "loopback of the host",
            _to("AF_INET", ("127.0.0.1", bait.port)),
            "network",
            error("ECONNREFUSED"),
            control="ESCAPED",
        ),
        Attempt(
            "loopback of the host by IPv6",
            _to("AF_INET6", ("::1", 22)),
            "network",
            error("ECONNREFUSED", "EADDRNOTAVAIL", "ENETUNREACH"),
        ),
        Attempt("the internet", _to("AF_INET", ("1.1.1.1", 53)), "network", _CUT),
        Attempt("metadata of a cloud", _to("AF_INET", ("169.254.169.254", 80)), "network", _CUT),
        Attempt(
            "a broadcast",
            python(
                "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(1, 6, 1); "
                "s.sendto(b'x', ('255.255.255.255', 9))"
            ),
            "network",
            _CUT,
        ),
        Attempt(
            "an abstract socket of the host",
            _to("AF_UNIX", f"\0{bait.abstract}"),
            "network",
            error("ECONNREFUSED"),
            control="ESCAPED",
        ),
        Attempt(
            "a unix socket of the host",
            _to("AF_UNIX", f"{bait.folder}/listening"),
            "mounts",
            error("ENOENT"),
            control="ESCAPED",
        ),
        Attempt("the message bus", _to("AF_UNIX", "/run/dbus/system_bus_socket"), "mounts", error("ENOENT")),
    ]


def _names() -> list[Attempt]:
    return [
        Attempt(
            "names of the internet",
            python("socket.getaddrinfo('example.com', 80)"),
            "network",
            says(r"stopped: .*(EAI|Temporary failure|Name or service|errno -|-\d)"),
        ),
        Attempt(
            "a name server",
            python("s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x' * 20, ('8.8.8.8', 53))"),
            "network",
            _CUT,
        ),
    ]


def _families() -> list[Attempt]:
    families = {
        "packets of the wire": (17, 3),
        "the virtual machine's host": (40, 1),
        "the kernel's ciphers": (38, 5),
        "bluetooth": (31, 3),
        "CAN buses": (29, 3),
        "express data paths": (44, 3),
        "TIPC": (30, 5),
        "key management": (15, 3),
        "near field": (39, 5),
    }
    return [
        *(
            Attempt(
                f"sockets for {name}",
                python(f"socket.socket({family}, {kind}, 2 if {family} == 15 else 0)"),
                "system call filter",
                _UNKNOWN,
            )
            for name, (family, kind) in families.items()
        ),
        Attempt(
            "raw packets",
            python("socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"),
            "privileges",
            error("EPERM"),
            control="ESCAPED|EPERM",
        ),
        Attempt(
            "echo requests",
            python("socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1)"),
            "network",
            error("EACCES", "EPERM"),
        ),
    ]


def _own_network() -> list[Attempt]:
    interfaces = (
        "names = {name for _, name in socket.if_nameindex()}\n"
        "tunnels = {'tunl0', 'sit0', 'ip6tnl0', 'gre0', 'gretap0', 'erspan0', 'ip_vti0', 'ip6_vti0', 'ip6gre0'}\n"
        "if names <= {'lo'} | tunnels: raise OSError(101, 'only itself')\nprint(names)"
    )
    # RTM_NEWLINK of kind "dummy" would make an interface; the empty message already asks for the right to.
    netlink = (
        "s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); s.bind((0, 0))\n"
        "s.send(struct.pack('IHHII', 32, 16, 0x605, 1, 0) + bytes(16))\n"
        "code = -struct.unpack_from('i', s.recv(4096), 16)[0]\nif code: raise OSError(code, 'refused')"
    )
    return [
        Attempt("interfaces of the host", python(interfaces), "network", error("ENETUNREACH"), control="ESCAPED"),
        Attempt("an interface of its own", python(netlink), "privileges", error("EPERM")),
        Attempt(
            "the kernel's audit",
            python("s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9); s.bind((0, 1))"),
            "privileges",
            error("EPERM", "EPROTONOSUPPORT", "ECONNREFUSED"),
        ),
        Attempt(
            "events of devices",
            python(
                "s = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 15); s.bind((0, 1))\n"
                "s.settimeout(.3); s.recv(1)"
            ),
            "network",
            says("stopped: (timed out|EPERM|EPROTONOSUPPORT)"),
        ),
    ]


def _to(family: str, address: object) -> tuple[str, ...]:
    return python(_CONNECT.format(family=family, address=address))
