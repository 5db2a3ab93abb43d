"""The soak in the unix VM: the module is reached over TCP, and its clock is stepped over the control port.

    micropython device.py HOST UART_PORT CONTROL_PORT MODEL MINUTES NAP,NAP... JOB_MS

Its last line is what the application has counted, as JSON.
"""

import json
import socket
import sys

from quectel import Modem

from desk.soak.app import App, finish

TICKS = 2**30
BUSY_MS, LONG_MS, IDLE_MS = 500, 2000, 30_000  # as in faces.py


def dial(port):
    sock = socket.socket()
    sock.connect(socket.getaddrinfo(sys.argv[1], int(port))[0][-1])
    sock.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY
    return sock


class Wire:
    """The module's port."""

    def __init__(self, sock):
        self.sock = sock
        sock.setblocking(False)

    def readinto(self, buf):
        return self.sock.readinto(buf) or None

    def write(self, buf, off=0, n=-1):
        return self.sock.write(memoryview(buf)[off : off + n])


class Module:
    """The control port; also the board's lines, and the clock."""

    on_ms, off_ms, boot_ms = 600, 800, 15_000

    def __init__(self, sock, job_ms):
        self.sock = sock
        self.job_ms = job_ms  # longest step of the clock while a procedure counts time
        self.now = 0
        self.idle = False
        self.modem = None
        self.next_ms = BUSY_MS
        self.moved = 0

    def order(self, **what):
        self.sock.write(json.dumps(what).encode() + b"\n")
        answer = json.loads(self.sock.readline())
        if not answer["ok"]:
            raise ValueError(answer["error"])
        return answer

    def pwrkey(self, level):
        self.order(do="pin", name="pwrkey", level=level)

    def psm_eint(self, level):
        self.order(do="pin", name="psm_eint", level=level)

    def ticks_ms(self):
        return self.now % TICKS

    def sleep_ms(self, ms):
        self.forward(IDLE_MS if ms == 1 else ms)

    def forward(self, most_ms):
        due = self.modem.engine.due(self.ticks_ms())
        ms = min(self.longest_ms(), most_ms)
        self.now = self.order(do="step", ms=max(min(ms, due), 1) if due >= 0 else ms)["now_ms"]

    def longest_ms(self):
        if self.modem._jobs:
            return self.job_ms
        if self.idle:
            return IDLE_MS
        moved, self.moved = self.moved, self.modem.stats.rx_bytes
        self.next_ms = min(2 * self.next_ms, LONG_MS) if moved == self.moved else BUSY_MS
        return self.next_ms

    async def wait(self, ms):
        end = self.now + ms
        while self.now < end:
            if not self.modem.poll():
                self.forward(end - self.now)


def main():
    module = Module(dial(sys.argv[3]), int(sys.argv[7]))
    module.modem = Modem(Wire(dial(sys.argv[2])), sys.argv[4], pins=module, clock=module)
    app = App(module.modem, module, {int(n) for n in sys.argv[6].split(",") if n})
    finish(app.run(int(sys.argv[5])))
    print(json.dumps({"sends": app.sends, "errors": app.errors}))


main()
