"""A real server of `/v1/audio/speech`: it answers, stalls, cuts off, refuses, or talks nonsense."""

import io
import json
import threading
import time
import wave
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np

KEY = "sk-test-0123456789abcdef"


class SpeechServer(ThreadingHTTPServer):
    """Serves on a free port of this machine; `faults` are done to the first requests, in order."""

    daemon_threads = True

    def __init__(self, faults: list[str] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.faults = faults or []
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str | None] = []
        self.lock = threading.Lock()
        self.busy = self.busiest = 0
        self.released = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    @property
    def asked(self) -> Counter[str]:
        return Counter(request["input"] for request in self.requests)

    def handle_error(self, *_: object) -> None:
        """A client that leaves is what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: SpeechServer

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.lock:
            server.requests.append(request)
            server.authorizations.append(self.headers["Authorization"])
            fault = server.faults.pop(0) if server.faults else "none"
            server.busy += 1
            server.busiest = max(server.busiest, server.busy)
        self.is_busy = True
        try:
            self._answer(fault, request)
        finally:
            self._done()

    def _done(self) -> None:
        with self.server.lock:
            self.server.busy -= self.is_busy
            self.is_busy = False

    def _answer(self, fault: str, request: dict[str, Any]) -> None:
        content = spoken(request["input"], request["voice"])
        if fault.isdigit():
            quoted = f"{fault} because of {self.headers['Authorization']}"
            self._send(int(fault), quoted.encode(), {"Retry-After": "0.01"})
        elif fault in ("stall", "drip", "cut", "close"):
            self._break_off(fault, content)
        elif fault == "redirect":
            self._send(307, b"", {"Location": "http://127.0.0.1:9/elsewhere"})
        else:
            time.sleep(0.1 if fault == "slow" else 0)
            other = {"nonsense": b'{"object": "nonsense"}', "silent": wav(np.zeros(8000))}
            self._send(200, other.get(fault, content), {})

    def _break_off(self, fault: str, content: bytes) -> None:
        """Never come to the end of an answer."""
        if fault == "stall":
            self.server.released.wait(30)
        elif fault == "close":
            self.connection.close()
        else:
            self._head(200, len(content), {})
            step = 1 if fault == "drip" else len(content) // 2
            for start in range(0, len(content) - step, step):
                self.wfile.write(content[start : start + step])
                self.wfile.flush()
                if fault == "drip" and self.server.released.wait(0.05):
                    return

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self._head(status, len(content), headers)
        self._done()  # before the last byte, at which the client may ask for more
        self.wfile.write(content)

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def spoken(text: str, voice: str, rate: int = 24_000) -> bytes:
    """Return a tone whose length is the text's and whose pitch is the voice's."""
    seconds = np.arange(int(rate * (0.3 + 0.05 * len(text)))) / rate
    pitch = 200 + 10 * (sum(voice.encode()) % 200)
    return wav(0.5 * np.sin(2 * np.pi * pitch * seconds), rate)


def wav(waveform: np.ndarray, rate: int = 24_000) -> bytes:
    """Return 16 bit samples as a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(waveform * 32767).astype("<i2").tobytes())
    return buffer.getvalue()
