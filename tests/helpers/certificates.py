"""A certificate authority of a test and what it signs, by the `openssl` command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """A directory with an authority's key and certificate."""

    directory: Path

    @classmethod
    def create(cls, directory: Path, name: str = "Test authority") -> "Authority":
        directory.mkdir(parents=True, exist_ok=True)
        authority = cls(directory)
        new_key = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(directory / "authority.key")]
        extension = ["-addext", "basicConstraints=critical,CA:TRUE"]
        subject = ["-subj", f"/CN={name}", "-days", "2"]
        _openssl("req", "-x509", *new_key, *subject, *extension, "-out", str(authority.certificate))
        return authority

    @property
    def certificate(self) -> Path:
        return self.directory / "authority.pem"

    def issue(self, name: str, alternative_names: str) -> tuple[Path, Path]:
        """Return the files of a new certificate and of its key."""
        request, key, certificate = (
            self.directory / f"{name}.{ending}" for ending in ("csr", "key", "pem")
        )
        new_key = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(key)]
        extension = ["-addext", f"subjectAltName={alternative_names}"]
        _openssl("req", "-new", *new_key, "-subj", f"/CN={name}", *extension, "-out", str(request))
        signer = ["-CA", str(self.certificate), "-CAkey", str(self.directory / "authority.key")]
        _openssl(
            *("x509", "-req", "-in", str(request), *signer, "-CAcreateserial", "-days", "2"),
            *("-copy_extensions", "copy", "-out", str(certificate)),
        )
        return certificate, key


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True)
