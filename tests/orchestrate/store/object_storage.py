"""A real S3 API on loopback, which can be told to be slow, busy, full or to deny."""

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from unittest import mock

_NUMBERS = count()
_ERROR = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code} here</Message></Error>"

Refusal = tuple[str, str]
"""Status line and S3's word for it."""

FULL: Refusal = ("507 Insufficient Storage", "QuotaExceeded")
BUSY: Refusal = ("503 Service Unavailable", "ServiceUnavailable")
DENIED: Refusal = ("403 Forbidden", "AccessDenied")


@dataclass
class ObjectStorage:
    """The server, and what goes wrong with it."""

    url: str = ""
    refuse: Callable[[str, str, int], Refusal | None] | None = None
    """Given method, path and number of the request, what to answer instead."""
    delay_seconds: float = 0.0
    requests: Counter[str] = field(default_factory=Counter)
    """How many there were, by method."""

    def bucket(self) -> str:
        """Return the URL of a store in a new, empty bucket."""
        name = f"bucket-{os.getpid()}-{next(_NUMBERS)}"
        self.files().mkdir(name)
        return f"s3://{name}/store"

    def files(self) -> Any:
        """Return the file system as fsspec sees it, to look at and to damage."""
        import fsspec

        return fsspec.filesystem("s3", use_listings_cache=False)

    def break_every(self, number: int, refusal: Refusal, method: str = "PUT") -> None:
        """Refuse every so many requests of a kind."""
        counter = count(1)

        def refuse(asked: str, path: str, request: int) -> Refusal | None:
            return refusal if asked == method and next(counter) % number == 0 else None

        self.refuse = refuse

    def mend(self) -> None:
        """Let everything work again."""
        self.refuse, self.delay_seconds = None, 0.0

    def answer(
        self, application: Any, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        """Answer a request, or refuse it."""
        method = environ["REQUEST_METHOD"]
        self.requests[method] += 1
        time.sleep(self.delay_seconds)
        refusal = self.refuse and self.refuse(method, environ["PATH_INFO"], self.requests[method])
        if not refusal:
            return application(environ, start_response)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response(refusal[0], [("Content-Type", "application/xml")])
        return [_ERROR.format(code=refusal[1]).encode()]


@contextmanager
def serving() -> Iterator[ObjectStorage]:
    """Run the server on a free port; this process and its children find it by its environment."""
    # Not above: every test of orchestration would pay for what few need.
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    storage = ObjectStorage()
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server(
        "127.0.0.1",
        0,
        lambda environ, start: storage.answer(application, environ, start),
        threaded=True,
        request_handler=MotoRequestHandler,
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    storage.url = f"http://127.0.0.1:{server.server_port}"
    variables = {
        "AWS_ENDPOINT_URL": storage.url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    try:
        with mock.patch.dict(os.environ, variables):
            _forget_file_systems()  # of a server that another module of tests had
            yield storage
    finally:
        _forget_file_systems()
        server.shutdown()
        thread.join()
        server.server_close()


def _forget_file_systems() -> None:
    """Have fsspec make its file systems anew: it keeps one for all endpoints of its environment."""
    import fsspec

    fsspec.get_filesystem_class("s3").clear_instance_cache()
