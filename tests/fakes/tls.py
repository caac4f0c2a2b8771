"""Certificates for brokers of tests."""

from __future__ import annotations

import subprocess
from pathlib import Path


def self_signed(file: Path, days: int = 365) -> Path:
    """A certificate for 127.0.0.1 with its key, its own authority; the certificate alone beside it as `.crt`."""
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days)]
    name = ["-subj", f"/CN={file.stem}", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        ["openssl", "req", "-x509", *curve, *name, "-keyout", file, "-out", file.with_suffix(".crt")],
        check=True,
        capture_output=True,
    )
    file.write_text(file.read_text() + file.with_suffix(".crt").read_text())
    return file
