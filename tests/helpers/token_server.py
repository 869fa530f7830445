"""An identity provider of a test: gives signed tokens for a client's secret, on loopback."""

import base64
import json
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

_KEY_ID = "key-1"


@dataclass(frozen=True)
class TokenServer:
    """Where tokens are given and where the keys stand that they are checked by."""

    token_url: str
    keys_url: str


@contextmanager
def token_server(client_id: str, client_secret: str) -> Iterator[TokenServer]:
    with tempfile.TemporaryDirectory() as directory:
        key = Path(directory) / "signing.key"
        _openssl("genpkey", "-algorithm", "RSA", "-out", str(key))
        login = "Basic " + base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                if self.headers.get("authorization") == login:
                    token = _token(key, client_id)
                    self._answer(200, {"access_token": token, "expires_in": 300})
                else:
                    self._answer(401, {"error": "invalid_client"})

            def do_GET(self) -> None:
                self._answer(200, {"keys": [_public_key(key)]})

            def log_message(self, *arguments: object) -> None:
                pass

            def _answer(self, status: int, document: dict[str, object]) -> None:
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}"
        try:
            yield TokenServer(f"{base}/token", f"{base}/keys")
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _token(key: Path, subject: str) -> str:
    now = int(time.time())
    head = {"alg": "RS256", "typ": "JWT", "kid": _KEY_ID}
    claims = {"sub": subject, "aud": "kafka", "iat": now, "exp": now + 300, "jti": uuid.uuid4().hex}
    text = ".".join(_encoded(json.dumps(part).encode()) for part in (head, claims))
    signature = _openssl("dgst", "-sha256", "-sign", str(key), given=text.encode())
    return f"{text}.{_encoded(signature)}"


def _public_key(key: Path) -> dict[str, str]:
    modulus = _openssl("rsa", "-in", str(key), "-noout", "-modulus").decode().strip()
    number = bytes.fromhex(modulus.removeprefix("Modulus="))
    exponent = (65_537).to_bytes(3, "big")
    return {
        "kty": "RSA",
        "kid": _KEY_ID,
        "use": "sig",
        "alg": "RS256",
        "n": _encoded(number),
        "e": _encoded(exponent),
    }


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _openssl(*arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(
        ["openssl", *arguments], check=True, capture_output=True, input=given
    ).stdout
