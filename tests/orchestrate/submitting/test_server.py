import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from audiomotion.errors import ClusterError
from audiomotion.orchestrate.submitting.address import Address
from audiomotion.orchestrate.submitting.server import server_version, upload
from tests.orchestrate.ray_head import free_ports


class OtherServer(BaseHTTPRequestHandler):
    """Something that listens, and is no job server."""

    def do_GET(self) -> None:
        if self.path == "/api/packages/gcs/there.zip":
            self.send_response(200)
        elif self.path.startswith("/api/packages"):
            self.send_response(404)
        else:
            self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.uploaded.append((self.path, self.headers["Authorization"], body))
        self.send_response(500 if b"too large" in body else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def other() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), OtherServer)
    server.uploaded = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def at(server: HTTPServer) -> Address:
    return Address(f"http://127.0.0.1:{server.server_port}", "abc")


def test_nothing_there_is_said_at_once() -> None:
    (port,) = free_ports(1)
    with pytest.raises(ClusterError, match=r"does not answer .*Connection refused") as error:
        server_version(Address(f"http://127.0.0.1:{port}", None))
    assert error.value.exit_code == 4


def test_another_server_is_no_job_server(other) -> None:
    with pytest.raises(ClusterError, match="not as the job server of a Ray cluster"):
        server_version(at(other))


def test_a_package_is_uploaded_once(other) -> None:
    assert upload(at(other), "new.zip", b"content") == "gcs://new.zip"
    assert upload(at(other), "there.zip", b"content") == "gcs://there.zip"
    assert other.uploaded == [("/api/packages/gcs/new.zip", "Bearer abc", b"content")]


def test_a_refused_upload_is_an_error(other) -> None:
    with pytest.raises(ClusterError, match=r"answers 500 to PUT /api/packages/gcs/new\.zip"):
        upload(at(other), "new.zip", b"too large")
