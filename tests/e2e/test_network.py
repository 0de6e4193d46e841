"""A network of the run's own (bridge_network.py), as root and as a user without rights: nobody outside it reaches a port in it."""
from __future__ import annotations

import os
import subprocess
import unittest

import runtimes
from harness import PLUGINS

LISTENS = """
import sys
why = enter()
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname()).close()
print(why or "own", "%s:%s" % server.getsockname(), flush=True)
sys.stdin.readline()
"""


class OwnNetwork(unittest.TestCase):
    def listen(self, user: int) -> tuple[str, bool]:
        """What it says of the network, and whether its port can be reached from here."""
        source = (PLUGINS / "bridge" / "bridge_network.py").read_text() + LISTENS
        with subprocess.Popen([runtimes.python_of(user), "-I", "-c", source], text=True, user=user, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as process:
            assert process.stdout and process.stdin
            said, address = process.stdout.readline().rsplit(" ", 1)
            reached = runtimes.reaches(address.strip())
            process.stdin.write("end\n")
        return said, reached

    def test_is_reached_by_none_outside_it_or_is_said_to_be_shared(self) -> None:
        for user in {os.geteuid(), 65534 if os.geteuid() == 0 else os.geteuid()}:
            with self.subTest(user=user):
                said, reached = self.listen(user)
                self.assertEqual(reached, said != "own", said)


if __name__ == "__main__":
    unittest.main()
