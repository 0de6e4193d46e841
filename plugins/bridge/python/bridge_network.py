"""A network of the run's own: what listens in it can be reached by processes of the run alone.

Transports of runtimes execute what they are sent, and on the machine's own loopback interface every local user can send.
"""
from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1

OWN = "of the run's own: no process outside it can reach its ports"
SHARED = "this machine's: any user of it can reach the ports"


def enter() -> str:
    """While there is one thread. Whatever is started later is in that network too, which has a loopback interface and no way
    out. Empty, or why it cannot be had: then nothing has changed."""
    probe = os.fork()  # what was entered half could not be left again
    if probe == 0:
        try:
            _enter()
        except OSError as e:
            os._exit(e.errno or 255)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(probe, 0)[1])
    if code != 0:
        return os.strerror(code)
    _enter()
    return ""


def join(process: int) -> None:
    """The network of another process of ours, while there is one thread."""
    for kind in ("user", "net"):
        theirs = f"/proc/{process}/ns/{kind}"
        if os.stat(theirs).st_ino != os.stat(f"/proc/self/ns/{kind}").st_ino:
            with open(theirs) as namespace:
                _call("setns", namespace.fileno(), 0)


def _enter() -> None:
    uid, gid = os.geteuid(), os.getegid()
    try:
        _call("unshare", _CLONE_NEWNET)
    except PermissionError:  # a user may have one in a user namespace, in which he stays who he is
        _call("unshare", _CLONE_NEWUSER | _CLONE_NEWNET)
        for file, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{file}", "w") as mapping:
                mapping.write(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


def _call(name: str, *arguments: int) -> None:
    if ctypes.CDLL(None, use_errno=True)[name](*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)
