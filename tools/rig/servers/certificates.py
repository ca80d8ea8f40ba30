"""Certificates for servers on loopback, by a certification authority (CA) of one's own, made by the openssl command."""

import ssl
import subprocess
from pathlib import Path
from typing import Final

_EXTENSIONS: Final = "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=critical,CA:false\n"


class PrivateAuthority:
    """A CA, and a certificate by it for 127.0.0.1. They are valid for a day.

    Args:
        root: an empty directory for the files.

    Fields:
        file: the CA's certificate, as `SSL_CERT_FILE` names it.
    """

    def __init__(self, root: Path) -> None:
        self.file = root / "ca.pem"
        self._certificate, self._key = root / "server.pem", root / "server.key"
        key, request, extensions = root / "ca.key", root / "server.csr", root / "extensions"
        extensions.write_text(_EXTENSIONS)
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        _openssl("req", "-x509", *new, "-days", "1", "-subj", "/CN=Private CA", "-keyout", key, "-out", self.file)
        _openssl("req", *new, "-subj", "/CN=127.0.0.1", "-keyout", self._key, "-out", request)
        _openssl("x509", "-req", "-days", "1", "-in", request, "-CA", self.file, "-CAkey", key, "-CAcreateserial",
                 "-extfile", extensions, "-out", self._certificate)  # fmt: skip

    def server_context(self) -> ssl.SSLContext:
        """A context for a server with the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate, self._key)
        return context


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
