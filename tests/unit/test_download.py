"""Files that are fetched: resumed where they broke off, and only with the right checksum."""

from __future__ import annotations

import hashlib
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from raremd.data.imported.download import download

RNG = np.random.default_rng(5)
CONTENT = RNG.bytes(300_000)


class Server(BaseHTTPRequestHandler):
    """Serves CONTENT; breaks the first connection off in the middle."""

    def __init__(self, *args, log, ranges):
        self.seen, self.ranges = log, ranges
        super().__init__(*args)

    def do_GET(self):
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1]) if self.ranges else 0
        self.seen.append(start)
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        end = 100_000 if len(self.seen) == 1 else len(CONTENT)
        self.wfile.write(CONTENT[start:end])

    def log_message(self, *args):
        pass


@pytest.fixture(params=[True, False], ids=["resumes", "starts again"])
def served(request):
    log = []
    handler = partial(Server, log=log, ranges=request.param)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/a.npz", log, request.param
    server.shutdown()
    thread.join()
    server.server_close()


def test_download_goes_on_where_it_broke_off(served, folder):
    url, log, ranges = served
    digest = hashlib.sha256(CONTENT).hexdigest()
    with pytest.raises(ValueError, match="100,000 bytes are kept"):
        download(url, digest, "a.npz")
    assert not (folder / "a.npz").exists()
    download(url, digest, "a.npz")
    assert (folder / "a.npz").read_bytes() == CONTENT
    assert log == [0, 100_000 if ranges else 0]
    assert not (folder / "a.npz.part").exists()


def test_download_by_md5(served, folder):
    url, log, _ = served
    log.append(0)
    with pytest.raises(ValueError, match=r"its md5 is [0-9a-f]{32}, source\.md5 says 00"):
        download(url, "0" * 32, "a.npz")
    download(url, hashlib.md5(CONTENT).hexdigest().upper(), "a.npz")
    assert (folder / "a.npz").read_bytes() == CONTENT


def test_download_with_the_wrong_content(served, folder):
    url, log, _ = served
    log.append(0)
    with pytest.raises(ValueError, match=r"its sha256 is [0-9a-f]{64}, source\.sha256 says 00"):
        download(url, "0" * 64, "a.npz")
    assert list(folder.iterdir()) == []


def test_no_server(folder):
    with pytest.raises(ValueError, match=r"http://127\.0\.0\.1:9/x: .*refused"):
        download("http://127.0.0.1:9/x", "0" * 64, "x")
