"""Certificates for servers by a new certification authority (CA). The openssl command makes them."""

import ssl
import subprocess
from pathlib import Path
from typing import Final

_EXTENSIONS: Final = "subjectAltName=IP:{}\nbasicConstraints=critical,CA:false\n"


class PrivateAuthority:
    """A CA, and a certificate of the CA for one address. Both are valid for a day.

    Args:
        root: an existing directory for the files.

    Fields:
        file: the CA's certificate. `SSL_CERT_FILE` can name this file.
        certificate, key: the files of a server.
    """

    def __init__(self, root: Path, address: str = "127.0.0.1") -> None:
        self.file = root / "ca.pem"
        self.certificate, self.key = root / "server.pem", root / "server.key"
        key, request, extensions = root / "ca.key", root / "server.csr", root / "extensions"
        extensions.write_text(_EXTENSIONS.format(address))
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        _openssl("req", "-x509", *new, "-days", "1", "-subj", "/CN=Private CA", "-keyout", key, "-out", self.file)
        _openssl("req", *new, "-subj", f"/CN={address}", "-keyout", self.key, "-out", request)
        _openssl("x509", "-req", "-days", "1", "-in", request, "-CA", self.file, "-CAkey", key, "-CAcreateserial",
                 "-extfile", extensions, "-out", self.certificate)  # fmt: skip

    def server_context(self) -> ssl.SSLContext:
        """A context for a server with the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
