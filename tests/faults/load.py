"""Sustained load: a harness that writes all the time, a daemon that must stay flat.

    python tests/faults/load.py [--minutes 60] [--rate 200] [--json FILE]

A real daemon serves a workspace into which ``load_harness.py`` writes so many
facts a second; a client asks ``context`` at a steady pace through the socket and
another follows the log's events.  Every ten seconds: resident memory, file
descriptors, threads, events that came, median and p99 of ``context``, and stale
answers.  The marks are at the end of ``Load.outcome``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

HERE = Path(__file__).resolve().parent
sys.path[:0] = [] if __package__ else [str(HERE), str(HERE.parents[1])]

from lokid.client import Client  # noqa: E402
from lokid.errors import LokidError  # noqa: E402
from lokid.paths import Workspace, find_workspace  # noqa: E402
from table import Bench, Outcome, Row  # noqa: E402

SAMPLE_SECONDS = 10.0
ASKS_A_SECOND = 5.0
P99_MS = 50.0


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Arrived:
    def __init__(self, workspace):
        self.by_kind = Counter()
        self.seq = 0
        self.total = 0
        self._lines = Client(workspace).lines({"follow": "1"})
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            for line in self._lines:
                body = json.loads(line)
                self.seq = body["seq"]
                self.total += 1
                kind = kind_of(body)
                if kind:
                    self.by_kind[kind] += 1
        except LokidError as e:
            print("follower ended", e)


def kind_of(body):
    path = body.get("src", {}).get("path", "")
    t = body["type"]
    if path == "events.jsonl" or path.startswith("events.jsonl."):
        return "stream"
    if path.startswith("crash/"):
        return "crash"
    if "trust-events" in path:
        return "trust"
    if "memory/failures.jsonl" in path:
        return "evidence"
    if t == "episode.recorded":
        return "episode"
    if "quality/reviews" in path and t == "review.completed":
        return "review"
    if t in ("output.failed", "output.passed"):
        return "session"
    if "events/pending" in path:
        return "pending"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--json")
    parser.add_argument("--pyspy")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        env = {
            k: v for k, v in os.environ.items() if not k.startswith(("LOKI", "XDG_"))
        }
        env |= {"HOME": folder, "XDG_RUNTIME_DIR": folder}
        os.environ.clear()
        os.environ.update(env)
        ws = find_workspace(folder + "/work", os.environ)
        ws.root.mkdir()
        code = "from lokid.__main__ import lokid; lokid()"
        daemon = subprocess.Popen(
            [sys.executable, "-c", code, "-C", str(ws.root)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=str(HERE.parents[1]),
        )
        print(daemon.stderr.readline())
        arrived = Arrived(ws)
        writer = subprocess.Popen(
            [
                sys.executable,
                str(HERE / "load_harness.py"),
                str(ws.root),
                "--rate",
                str(args.rate),
            ],
            stdout=subprocess.PIPE,
        )
        word = {}

        def hear():
            for line in writer.stdout:
                word.update(json.loads(line))

        t = threading.Thread(target=hear)
        t.start()
        client = Client(ws)
        client.ping()
        begun = time.monotonic()
        samples = []
        window, stale, lat = [], 0, []
        reasons = Counter()
        nxt = begun + SAMPLE_SECONDS
        ask = begun
        cpu0 = 0
        try:
            while time.monotonic() < begun + args.minutes * 60:
                ask += 1 / ASKS_A_SECOND
                time.sleep(max(0, ask - time.monotonic()))
                a = time.monotonic()
                got = client.get(
                    "context", {"now": word["now"]} if word.get("now") else {}
                )
                window.append((time.monotonic() - a) * 1000)
                stale += got["stale"]
                if got["stale"]:
                    reasons[got["reason"]] += 1
                if time.monotonic() > nxt:
                    nxt += SAMPLE_SECONDS
                    st = Path(f"/proc/{daemon.pid}/status").read_text()
                    rss = int(st.split("VmRSS:")[1].split()[0]) // 1024
                    th = int(st.split("Threads:")[1].split()[0])
                    fds = len(os.listdir(f"/proc/{daemon.pid}/fd"))
                    ticks = sum(
                        map(
                            int,
                            Path(f"/proc/{daemon.pid}/stat")
                            .read_text()
                            .rsplit(")", 1)[1]
                            .split()[11:13],
                        )
                    )
                    loki = sum(1 for p in ws.loki.rglob("*"))
                    row = dict(
                        t=int(time.monotonic() - begun),
                        rss=rss,
                        fds=fds,
                        threads=th,
                        arrived=arrived.total,
                        written=sum(word["written"].values()),
                        p50=round(statistics.median(window), 1),
                        p99=round(percentile(window, 0.99), 1),
                        max=round(max(window)),
                        n=len(window),
                        stale=stale,
                        cpu=(ticks - cpu0),
                        files=loki,
                    )
                    cpu0 = ticks
                    samples.append(row)
                    print(row, dict(reasons), flush=True)
                    lat += window
                    window, stale = [], 0
        finally:
            writer.terminate()
            t.join()
            writer.wait()
            with contextlib.suppress(LokidError):
                print(client.get("status")["log"])
            time.sleep(1)
            print("written", word["written"], "\narrived", dict(arrived.by_kind))
            print(
                "missing",
                {
                    k: v - arrived.by_kind[k]
                    for k, v in word["written"].items()
                    if v != arrived.by_kind[k]
                },
            )
            print("p99 all", percentile(lat, 0.99))
            os.system(f"ls -la {ws.cache} {ws.log}")
            daemon.send_signal(signal.SIGTERM)
            print(daemon.communicate(timeout=30), daemon.returncode)


main()
