"""nginx as the system under test: one worker on one core, an answer of 20 bytes, over HTTP and HTTPS."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.process import BenchError, find, pinned

BODY = "20 bytes of an answer"[:20]
CONFIG = """\
daemon off; worker_processes 1; worker_rlimit_nofile 20000;
pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 19000; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_time 24h; keepalive_timeout 1h;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{plain} backlog=4096;
        listen 127.0.0.1:{secure} ssl backlog=4096;
        ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
        location / {{ default_type text/plain; return 200 "{body}"; }}
    }}
}}
"""


@dataclass(frozen=True)
class Server:
    """Where the server answers."""

    url: str
    secure_url: str


@contextlib.contextmanager
def nginx(core: int) -> Iterator[Server]:
    """nginx with a configuration and a folder of its own, pinned to a core, for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="tonnage-bench-nginx-") as folder:
        plain, secure = _free_ports(2)
        _certificate(folder)
        config = Path(folder, "nginx.conf")
        config.write_text(CONFIG.format(folder=folder, plain=plain, secure=secure, body=BODY), encoding="ascii")
        command = pinned([_program(), "-p", folder, "-e", f"{folder}/error.log", "-c", str(config)], core)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(plain, Path(folder, "error.log"))
            yield Server(f"http://127.0.0.1:{plain}/", f"https://127.0.0.1:{secure}/")
        finally:
            process.terminate()
            process.wait()


def _program() -> str:
    usual = Path("/usr/sbin/nginx")  # often absent from the search path of users
    return str(usual) if usual.exists() else find("nginx")


def version() -> str:
    return subprocess.run([_program(), "-v"], capture_output=True, text=True, check=True).stderr.split()[-1]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _certificate(folder: str) -> None:
    command = [find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"]
    names = ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *files, *names], check=True, capture_output=True)


def _wait(port: int, log: Path) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    raise BenchError(f"nginx did not start: {said.strip() or 'it said nothing'}")
