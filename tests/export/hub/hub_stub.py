"""A local stand-in for the Hugging Face Hub: creates repositories and takes commits, as its HTTP interface does."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Hub:
    """What was created and uploaded; ``refuse`` answers a path with another status."""

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, Any]] = {}
        self.files: dict[str, dict[str, bytes]] = {}
        self.refuse: dict[str, tuple[int, str]] = {}
        self.tokens: set[str] = set()
        self.address = ""


@contextmanager
def serving_hub() -> Iterator[Hub]:
    """Serve a Hub on this machine."""
    hub = Hub()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = "/".join(self.path.split("/")[3:5])
            if name not in hub.repositories:
                return self.reply({"error": "Repository not found"}, 404)
            return self.reply({"id": name, "private": hub.repositories[name].get("visibility") == "private"})

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            hub.tokens.add(self.headers.get("authorization", ""))
            for part, (status, said) in hub.refuse.items():
                if part in self.path:
                    return self.reply({"error": said}, status)
            if self.path == "/api/validate-yaml":
                return self.reply({"warnings": [], "errors": []})
            if self.path == "/api/repos/create":
                asked = json.loads(content)
                name = f"{asked.get('organization') or 'ada'}/{asked['name']}"
                prefix = "spaces/" if asked.get("type") == "space" else ""
                if name in hub.repositories:
                    return self.reply({"error": "You already created this repo", "url": self.url(prefix + name)}, 409)
                hub.repositories[name] = asked
                hub.files[name] = {}
                return self.reply({"url": self.url(prefix + name)})
            if "/preupload/" in self.path:
                paths = [file["path"] for file in json.loads(content)["files"]]
                return self.reply(
                    {"files": [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in paths]}
                )
            name = "/".join(self.path.split("/")[3:5])
            for line in map(json.loads, content.splitlines()):
                if line["key"] == "file":
                    hub.files[name][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            return self.reply({"commitUrl": self.url(f"{name}/commit/1"), "commitOid": "1" * 40})

        def url(self, path: str) -> str:
            return f"{hub.address}/{path}"

        def reply(self, answer: dict[str, Any], status: int = 200) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            if status >= 400:
                self.send_header("X-Error-Message", str(answer["error"]))
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Be silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
