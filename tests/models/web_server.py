"""A web server for the tests of downloads: it serves bytes, counts requests, and can cut, stall or lie."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class WebServer:
    """Serves `files` by path on a port of this machine."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        """Paths whose connection ends after half of the announced bytes."""
        self.stalled: set[str] = set()
        """Paths that send half of the announced bytes, and nothing more until the server stops."""
        self.lengths: dict[str, str | None] = {}
        """Content-Length by path, where it is not the true one; None sends none."""
        self.endless: set[str] = set()
        """Paths that repeat their bytes until the client hangs up."""
        self.sent = 0
        """Bytes that endless paths have sent."""
        self._stopped = threading.Event()
        self.requests: Counter[str] = Counter()
        self.before_answer: Callable[[], object] = lambda: None
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.requests[self.path] += 1
                web.before_answer()
                body = web.files.get(self.path)
                if body is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                length = web.lengths.get(self.path, None if self.path in web.endless else str(len(body)))
                if length is not None:
                    self.send_header("Content-Length", length)
                self.end_headers()
                while self.path in web.endless and not web._stopped.is_set():
                    try:
                        self.wfile.write(body)
                    except OSError:  # the client has hung up
                        return
                    web.sent += len(body)
                half = self.path in web.cut | web.stalled
                self.wfile.write(body[: len(body) // 2] if half else body)
                if self.path in web.stalled:
                    web._stopped.wait()

            def log_message(self, format: str, *args: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator["WebServer"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self.stop()
            thread.join()

    def stop(self) -> None:
        """Accept no more connections."""
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
