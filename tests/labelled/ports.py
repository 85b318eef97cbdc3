"""Local ends for the tools that speak over a network: none of them leaves here.

`serve` answers ``/status/404`` with that status, ``/slow`` not at all, and the
paths of a tiny npm registry; `closed_port` is one where nobody listens.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_BODIES = {
    429: {"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}},
    503: {"message": "upstream is down"},
}
_PACKAGES: dict[str, dict[str, dict[str, Any]]] = {
    "leftpadd": {"1.0.0": {}, "1.3.0": {}},
    "rightpadd": {"2.0.0": {}},
    "reactish": {"16.8.0": {}, "18.2.0": {}},
    "formish": {"4.1.0": {"peerDependencies": {"reactish": "^16.0.0"}}},
    "chartish": {"3.3.0": {"peerDependencies": {"reactish": "^17.0.0"}}},
    "winonly": {"1.0.0": {"os": ["win32"]}},
    "futureonly": {"1.0.0": {"engines": {"node": ">=99"}}},
}


def closed_port() -> int:
    """A port on which nobody listens just now."""
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        return int(end.getsockname()[1])


def busy_port() -> tuple[int, socket.socket]:
    """A port that is taken for as long as the socket is kept."""
    end = socket.socket()
    end.bind(("127.0.0.1", 0))
    end.listen()
    return int(end.getsockname()[1]), end


def serve() -> str:
    """Start a server in the background; give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        if parts[0] == "slow":
            time.sleep(3)
        if parts[0] == "reset":
            self.connection.close()
            return
        if parts[0] == "status":
            status = int(parts[1])
            self._answer(status, _BODIES.get(status, {"status": status}))
        elif parts[0] == "npm401":
            self._answer(401, {"error": "unauthorized"})
        elif parts[0] == "npm403":
            self._answer(403, {"error": "forbidden"})
        elif parts[0] == "npm" and parts[-1] in _PACKAGES:
            self._answer(200, self._packument(parts[-1]))
        else:
            self._answer(404, {"error": "not_found"})

    def _packument(self, name: str) -> dict[str, Any]:
        base = f"http://{self.headers['Host']}/npm"
        versions = {
            version: {
                "name": name,
                "version": version,
                "dist": {"tarball": f"{base}/{name}/-/{name}-{version}.tgz"},
                **more,
            }
            for version, more in _PACKAGES[name].items()
        }
        return {
            "name": name,
            "dist-tags": {"latest": max(versions)},
            "versions": versions,
        }

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with suppress(BrokenPipeError):  # curl -f leaves at the status
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing: the outputs are the tools' own."""
