"""What a runtime is to the bridge, and the words that its modules share, as types."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

Json = dict[str, Any]  # an object of the protocol
Event = Json           # of CONTROL: event, kind, target, args
Complete = Callable[[Iterable[bytes]], None]  # hands finished packets to the host; any thread


class Runtime(Protocol):
    def start(self) -> Json:
        """What it gives is for the record. Raises Unsupported for what it cannot do."""

    def submit(self, packets: list[bytes]) -> None:
        """Must not wait for them; each ends in one complete([packet]). On the loop's thread, as `settle`."""

    def settle(self) -> bool:
        """What came together has been submitted or posted: now is the time for what is better done at once. Whether more
        requests can be taken; when not, the next are submitted after something that was posted."""
        return True

    def control(self, event: Event) -> str:
        """Raises Unsupported, or another exception when it failed."""

    def heard(self, message: Json) -> Json:
        """In a driver that joined: what the first tells (see bridge_peers). On the thread of `control`; the first gets the
        answer."""
        raise TypeError(f"{type(self).__name__} has one driver: nothing to hear of {message}")

    def close(self) -> None: ...
