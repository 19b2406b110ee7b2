"""A bucket on loopback: what is put can be read."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Bucket:
    """What is in it, by key, and where a client finds it."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def running_bucket() -> Iterator[Bucket]:
    """Serve a bucket."""
    bucket = Bucket()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            if self.headers.get("Expect"):
                self.send_response_only(100)
                self.end_headers()
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bucket.objects[self._key] = body
            self._say(200)

        def do_GET(self) -> None:
            found = bucket.objects.get(self._key)
            self._say(404 if found is None else 200, found or b"")

        @property
        def _key(self) -> str:
            return self.path.partition("?")[0].split("/", 2)[2]

        def _say(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("ETag", '"1"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
