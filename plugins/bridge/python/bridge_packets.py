"""The packets that flow through a runtime: a request with what became of it so far, as bytes (see packet.hpp).

Python moves them and reads the few members that routing needs; the worker library makes one from another.
"""
from __future__ import annotations

import struct

HEADER = 128
SPAN = 32
OK, ERROR, TIMEOUT, REJECTED, CANCELLED = range(5)
IDEMPOTENT = 2

_U16, _U64 = struct.Struct("<H"), struct.Struct("<Q")
# id | due | seq | key | payload pointer and size | pipeline, class, tenant | priority, flags
_REQUEST = struct.Struct("<QqQQQQHHHBB")
_PIPELINE_AT = 48
_SIZES = struct.Struct("<IH")  # of the result; number of spans
_SIZES_AT = 112
_ATTEMPTS_AT = 118
_STATUS = struct.Struct("<BI")  # and units
_STATUS_AT = 119
_MASK = (1 << 64) - 1


class Request:
    """The members of a packet's request that a runtime routes by."""

    __slots__ = ("class_id", "due_ns", "id", "idempotent", "key", "pipeline", "priority", "seq")

    def __init__(self, packet: bytes) -> None:
        (self.id, self.due_ns, self.seq, self.key, _, _, self.pipeline, self.class_id, _, self.priority,
         flags) = _REQUEST.unpack_from(packet)
        self.idempotent = flags & IDEMPOTENT != 0


def size_at(buffer: bytes, at: int) -> int:
    """Size of the packet that begins there."""
    result: int
    spans: int
    result, spans = _SIZES.unpack_from(buffer, at + _SIZES_AT)
    payload: int = _U64.unpack_from(buffer, at + 40)[0]
    return HEADER + spans * SPAN + (result + payload + 7 & ~7)


def split(body: bytes, count: int) -> list[bytes]:
    """The packets of a frame, as bytes objects."""
    if len(body) == count * HEADER:  # neither payloads nor results: nearly always
        return [body[at:at + HEADER] for at in range(0, len(body), HEADER)]
    out, at = [], 0
    for _ in range(count):
        end = at + size_at(body, at)
        out.append(body[at:end])
        at = end
    if at != len(body):
        raise ValueError("the packets do not fill the frame")
    return out


def pipeline(packet: bytes) -> int:
    found: int = _U16.unpack_from(packet, _PIPELINE_AT)[0]
    return found


def request_id(packet: bytes) -> int:
    found: int = _U64.unpack_from(packet)[0]
    return found


def status(packet: bytes) -> int:
    return packet[_STATUS_AT]


def failed(packet: bytes, text: str, code: int = ERROR) -> bytes:
    """The packet's request as it ends without a result."""
    _, spans = _SIZES.unpack_from(packet, _SIZES_AT)
    words = text.encode("utf-8", "replace")[:2000]
    out = bytearray(packet[:HEADER + spans * SPAN])
    out[40:48] = _U64.pack(0)  # its payload is not needed any more
    _SIZES.pack_into(out, _SIZES_AT, len(words), spans)
    _STATUS.pack_into(out, _STATUS_AT, code, 0)
    out += words + bytes(-len(words) % 8)
    return bytes(out)


def again(packet: bytes) -> bytes:
    """The packet for another attempt after a fault, counted."""
    out = bytearray(packet)
    out[_ATTEMPTS_AT] = min(out[_ATTEMPTS_AT] + 1, 255)
    return bytes(out)


def attempts(packet: bytes) -> int:
    return packet[_ATTEMPTS_AT]


def input_key(packet: bytes) -> int:
    """The first 8 bytes of what the packet gives to its next step; what is missing counts as zero."""
    result, spans = _SIZES.unpack_from(packet, _SIZES_AT)
    begin = HEADER + spans * SPAN
    size = result if spans else len(packet) - begin
    return int.from_bytes(packet[begin:begin + min(8, size)], "little")


def mix(key: int) -> int:
    """SplitMix64's finaliser: keys are often consecutive."""
    key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    key = (key ^ key >> 27) * 0x94D049BB133111EB & _MASK
    return key ^ key >> 31
