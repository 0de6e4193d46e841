"""The example over Redis when the service fails: each request ends, with what Redis said, and nothing is left behind."""
from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import socketserver
import subprocess
import threading
import unittest
from collections.abc import Callable
from io import BufferedIOBase

from harness import FAILED, OK, UNAVAILABLE, USAGE, Process, alive, cells_of, lines_so_far, read_proc, wait_for
from outside import WARNINGS, Outside

# What a server answers to INFO.
INFO = b"# Server\r\nredis_version:7.0.0\r\nused_cpu_sys:0.1\r\nused_cpu_user:0.1\r\nloading:%d\r\n"


def bulk(text: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text), text)


def command(stream: BufferedIOBase) -> list[bytes]:
    """The words of the next one; none at the end."""
    head = stream.readline()
    words = []
    for _ in range(int(head[1:] or 0)):
        size = int(stream.readline()[1:])
        words.append(stream.read(size + 2)[:-2])
    return words


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def servers_below(pid: int) -> list[int]:
    return [child for cell in cells_of(pid) for child in cells_of(cell) if "redis" in read_proc(child, "cmdline")]


@unittest.skipIf(os.environ.get("SAGE_SANITIZE"), "the examples are built without")
class Redis(Outside):
    hello: pathlib.Path
    plugins: pathlib.Path
    program: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.plugins = cls.build("examples/backends/redis", "redis", CXXFLAGS=WARNINGS)
        cls.hello = cls.build("examples", "build", CXXFLAGS=WARNINGS) / "plugins"
        cls.program = cls.shared / "bin" / "redis-server"

    def run_with(self, *options: str, code: int | None = OK) -> str:
        sets = [word for option in options for word in ("--set", f"redis.{option}")]
        return self.run_quick("q1", "redis", "--plugin-path", self.plugins, *sets, code=code).stderr

    def refused(self, *options: str, says: tuple[str, ...], code: int = UNAVAILABLE, env: dict[str, str] | None = None) -> None:
        sets = [word for option in options for word in ("--set", f"redis.{option}")]
        self.error("run", "--workload", "q1", "-b", "redis", "--quick", "--output-dir", self.out, "--plugin-path", self.plugins,
                   *sets, code=code, says=says, env=env)
        self.assertEqual(self.folders() == [], code != FAILED)  # what was not begun is not kept
        shutil.rmtree(self.out, ignore_errors=True)

    def service(self, *more: str) -> tuple[int, subprocess.Popen[bytes]]:
        """A Redis that is there already: its port and its process."""
        port = free_port()
        process = subprocess.Popen([self.program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                                    "--dir", self.dir, *more], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait, 60)
        self.addCleanup(process.kill)

        def answers() -> bool:
            with contextlib.suppress(OSError):
                return self.ask(port, "PING") == "+PONG"
            return False

        self.assertTrue(wait_for(answers))
        return port, process

    def ask(self, port: int, words: str) -> str:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
            s.sendall(f"{words}\r\n".encode())
            return s.makefile().readline().strip()

    def fake(self, answer: Callable[[list[bytes]], bytes]) -> str:
        """A server that answers so; its address."""

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    while words := command(self.rfile):
                        self.wfile.write(answer(words))

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"address=127.0.0.1:{server.server_address[1]}"

    def under_way(self, *options: str) -> Process:
        """A run of some seconds, of which the first requests have ended."""
        sets = [word for option in options for word in ("--set", f"redis.{option}")]
        process = self.start("run", "--workload", "hello", "-b", "redis", "--plugin-path", f"{self.plugins}:{self.hello}", "--rate", "200",
                             "--duration", "4", "--warmup-items", "0", "--interval", "0.1", "--output-dir", self.out, *sets)

        def has_served() -> bool:
            return any(line["type"] == "interval" and line["outcomes"]["ok"] > 0
                       for file in self.out.glob("*/records.jsonl") for line in lines_so_far(file))

        self.assertTrue(wait_for(has_served))
        return process

    def ended_with(self, process: Process, text: str) -> None:
        """The run went on to its end: what came before is ok, all else failed with that text."""
        _, said = process.communicate(timeout=60)
        record = self.record()
        outcomes = record["ledger"]["outcomes"]
        self.assertGreater(outcomes["ok"], 0)
        self.assertGreater(outcomes["error"], 0)
        self.assertEqual(outcomes["ok"] + outcomes["error"], record["ledger"]["offered"], said)
        self.assertEqual(record["failures"], [{"text": text, "count": outcomes["error"]}])
        self.assertEqual(record["ledger"]["wrong"], 0)

    # ------------------------------------------------------------------------------------------------ one of its own

    def test_it_is_killed_in_the_middle_of_a_run(self) -> None:
        process = self.under_way(f"server={self.program}")
        (server,) = servers_below(process.pid)
        self.assertRegex(read_proc(server, "cmdline"), r"unixsocket:.*redis\.sock")  # no port
        os.kill(server, signal.SIGKILL)
        self.ended_with(process, "Redis: Server closed the connection")
        self.assertFalse(alive(server))

    def test_it_hangs_in_the_middle_of_a_run(self) -> None:
        process = self.under_way(f"server={self.program}", "timeout_s=0.5")
        (server,) = servers_below(process.pid)
        os.kill(server, signal.SIGSTOP)
        self.ended_with(process, "Redis: no answer in time (option timeout_s)")
        self.assertFalse(alive(server))

    def test_it_dies_with_the_run_whatever_ends_that(self) -> None:
        process = self.under_way(f"server={self.program}")
        (server,) = servers_below(process.pid)
        (cell,) = cells_of(process.pid)
        os.kill(cell, signal.SIGKILL)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, FAILED)
        self.assertTrue(wait_for(lambda: not alive(server)))

    def test_there_is_none(self) -> None:
        nothing = self.dir / "nothing"
        nothing.mkdir()
        self.refused(says=("there is no program 'redis-server'", "apt install redis-server", "--server", "--address"),
                     env={"PATH": str(nothing)})
        self.refused("server=/none/redis-server", says=("there is no program '/none/redis-server'", "apt install redis-server"))

    def test_what_is_started_is_none(self) -> None:
        self.refused("server=/bin/false", says=("redis-server ended at its start: without a word",), code=FAILED)
        sleeps = self.write("sleeps", "#!/bin/sh\necho $$ > $0.pid\nexec sleep 60\n")
        sleeps.chmod(0o700)
        self.refused(f"server={sleeps}", "timeout_s=0.5", says=("no Redis answers at ", "redis.sock: No such file or directory"))
        self.assertFalse(alive(int((self.dir / "sleeps.pid").read_text())))

    # ---------------------------------------------------------------------------------------- one that is there already

    def test_what_it_was_given_is_gone_afterwards(self) -> None:
        port, process = self.service()
        self.run_with(f"address=127.0.0.1:{port}")
        record = self.record()
        self.agrees(record)
        self.assertFalse(record["notes"]["redis"]["own"])
        self.assertEqual(self.ask(port, "DBSIZE"), ":0")
        self.assertIsNone(process.poll())

    def test_it_has_no_room(self) -> None:
        port, _ = self.service("--maxmemory", "1mb")
        self.run_with(f"address=127.0.0.1:{port}", code=FAILED)
        (failure,) = self.record()["failures"]
        self.assertEqual(failure["text"], "Redis: OOM command not allowed when used memory > 'maxmemory'.")
        self.assertEqual(self.ask(port, "DBSIZE"), ":0")

    def test_nothing_answers_there(self) -> None:
        self.refused(f"address=127.0.0.1:{free_port()}", says=("Connection refused", "start one there, or leave out --address"))
        self.refused(f"address={self.dir}/none.sock", says=("No such file or directory", "start one there"))
        for wrong in ("nonsense", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:1x"):
            self.refused(f"address={wrong}", says=("option address", "is not HOST:PORT"), code=USAGE)

    def test_what_answers_there_is_no_redis_or_not_ready(self) -> None:
        self.refused(self.fake(lambda _: b"HTTP/1.1 400 Bad Request\r\n"), says=("Protocol error",))
        self.refused(self.fake(lambda _: b":1\r\n"), says=("its answer to INFO is no text",))
        self.refused(self.fake(lambda _: bulk(b"hello")), says=("it is no Redis",))
        self.refused(self.fake(lambda _: b"-NOAUTH Authentication required.\r\n"), says=("NOAUTH Authentication required.",))
        self.refused(self.fake(lambda _: bulk(INFO % 1)), "timeout_s=0.3", says=("it is still loading its data",))

    def test_wrong_answers_are_errors_of_the_requests(self) -> None:
        def answers(answer: bytes) -> Callable[[list[bytes]], bytes]:
            return lambda words: bulk(INFO % 0) if words == [b"INFO"] else answer

        for answer, text in ((b"-LOADING Redis is loading the dataset in memory\r\n", "LOADING Redis is loading the dataset in memory"),
                             (b"+OK\r\n", "what was written is not there any more"),
                             (b"*1\r\n$-1\r\n", "what was written is not there any more"),
                             (b"*0\r\n", "what was written is not there any more"),
                             (b"HTTP/1.1 400 Bad Request\r\n", 'Protocol error, got "H" as reply type byte'),
                             (b"", "no answer in time (option timeout_s)")):
            with self.subTest(answer):
                said = self.run_with(self.fake(answers(answer)), "timeout_s=1", code=FAILED)
                self.assertIn(f"Redis: {text}", said)
                record = self.record()
                self.assertEqual(record["ledger"]["outcomes"]["error"], record["ledger"]["offered"])
                self.assertEqual({failure["text"] for failure in record["failures"]}, {f"Redis: {text}"})


if __name__ == "__main__":
    unittest.main()
