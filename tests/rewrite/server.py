"""A chat endpoint on loopback that answers as it is told: well, late, half, or with nonsense."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from audiomotion.config.rewriters import GrammarConfig
from audiomotion.rewrite.base import Request
from audiomotion.rewrite.grammar import Grammar

Behaviour = Callable[["Handler", str, int], None]
"""What is done with a caption's request of a number, from 1."""


def well_said(caption: str) -> str:
    """A rewrite that passes the checks."""
    ((_, answer),) = Grammar(GrammarConfig(seed=5)).rewrite([Request(caption)])
    return answer.text


class Handler(BaseHTTPRequestHandler):
    server: "ChatServer"
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        caption = caption_of(body)
        with server.lock:
            server.bodies.append(body)
            server.paths.append(self.path)
            server.times.append(time.monotonic())
            server.keys.add(self.headers["Authorization"])
            server.requests[caption] += 1
            number = server.requests[caption]
            server.under_way += 1
            server.most_under_way = max(server.most_under_way, server.under_way)
        try:
            server.behaviour(self, caption, number)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with server.lock:
                server.under_way -= 1

    def send(self, status: int, body: str, kind: str = "application/json", **headers: str) -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def say(self, text: Any) -> None:
        """Answer with a completion."""
        message = {"role": "assistant", "content": text}
        content = {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 200, "completion_tokens": 20, "total_tokens": 220},
        }
        self.send(200, json.dumps(content))

    def cut_off(self) -> None:
        """Promise more than is sent, and hang up."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "5000")
        self.end_headers()
        self.wfile.write(b'{"choices": [{"mess')
        self.wfile.flush()
        self.close_connection = True

    def stall(self) -> None:
        """Say nothing until the server is closed."""
        self.server.closing.wait(30)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def caption_of(body: dict[str, Any]) -> str:
    (line,) = (
        line
        for message in body["messages"]
        for line in message["content"].splitlines()
        if line.startswith("Description: ")
    )
    return str(line.removeprefix("Description: "))


class ChatServer(ThreadingHTTPServer):
    """Counts what it is asked."""

    daemon_threads = True

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = behaviour or (lambda handler, caption, _: handler.say(well_said(caption)))
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.times: list[float] = []
        self.keys: set[str | None] = set()
        self.requests: Counter[str] = Counter()
        self.under_way = self.most_under_way = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def __enter__(self) -> "ChatServer":
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
