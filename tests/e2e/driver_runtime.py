"""A runtime for the bridge that needs no packages: its driver executes the operators itself, one request after the other. What
DRIVER_SAYS has in the environment is told to the host beside."""
from __future__ import annotations

import json
import os
import queue
import threading

import bridge_packets
import echo_runtime
from bridge_loop import Loop
from bridge_types import Json
from bridge_workload import Description, Execution, StagePool, Workload
from echo_runtime import versions as versions


class Runtime(echo_runtime.Runtime):
    def __init__(self, description: Description, loop: Loop) -> None:
        super().__init__(description, loop)
        self.pipelines = description.pipelines
        self.pool = StagePool(Workload(description.run), description.stages)
        self.requests: queue.SimpleQueue[list[bytes]] = queue.SimpleQueue()

    def start(self) -> Json:
        threading.Thread(target=self._execute, daemon=True).start()
        said: Json = json.loads(os.environ["DRIVER_SAYS"])
        return said

    def submit(self, packets: list[bytes]) -> None:
        self.requests.put(packets)

    def _execute(self) -> None:
        while True:
            for packet in self.requests.get():
                execution = Execution(packet, self.pipelines[bridge_packets.pipeline(packet)])
                for step in execution.steps:
                    execution.outputs[step.index] = self.pool.run(step, packet, execution.inputs(step))
                if execution.result is not None:
                    self.loop.complete([execution.result])
