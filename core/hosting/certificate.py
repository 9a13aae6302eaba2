"""A certificate that the server signs itself, for its own addresses: browsers warn of it, and then allow a camera."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.errors import WorkspaceError
from core.hosting.kept_secrets import secret_folder, write_secret

_CERTIFICATE, _KEY = "certificate.pem", "key.pem"
_DAYS = 397  # browsers accept no longer ones
_LEAST_DAYS = 14
_SKEW = timedelta(hours=1)


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as files in PEM."""

    certificate: Path
    key: Path
    fingerprint: str
    """SHA-256, as browsers show it: AB:CD:..."""
    made: bool = False  # now, so that browsers ask again


def self_signed(root: Path, hosts: Sequence[str]) -> Certificate:
    """Return the kept certificate if it is for all of these names and addresses, else a new one.

    Raises WorkspaceError if it cannot be stored.
    """
    folder = secret_folder(root)
    certificate, key = folder / _CERTIFICATE, folder / _KEY
    if key.is_file() and _still_good(certificate, hosts):
        return Certificate(certificate, key, fingerprint(certificate))
    private, text = _make(hosts)
    write_secret(key, private)
    write_secret(certificate, text)
    return Certificate(certificate, key, fingerprint(certificate), made=True)


def given(certificate: Path, key: Path) -> Certificate:
    """Return somebody's own certificate. Raises WorkspaceError if the two files do not fit or it has ended."""
    found = _read(certificate)
    try:
        private = serialization.load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise WorkspaceError(f"The key {key} cannot be read ({error}). It must be a PEM file without password.") from (
            error
        )
    if private.public_key() != found.public_key():
        raise WorkspaceError(f"The key {key} does not belong to the certificate {certificate}.")
    if found.not_valid_after_utc < datetime.now(UTC):
        raise WorkspaceError(f"The certificate {certificate} ended on {found.not_valid_after_utc:%d %B %Y}. Renew it.")
    return Certificate(certificate.absolute(), key.absolute(), fingerprint(certificate))


def fingerprint(certificate: Path) -> str:
    """Return the SHA-256 of a certificate. Raises WorkspaceError if it cannot be read."""
    return _read(certificate).fingerprint(hashes.SHA256()).hex(":").upper()


def hosts_of(certificate: Path) -> set[str]:
    """Return the names and addresses that a certificate is for. Raises WorkspaceError if it cannot be read."""
    try:
        names = _read(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    addresses = {str(one) for one in names.get_values_for_type(x509.IPAddress)}
    return addresses | set(names.get_values_for_type(x509.DNSName))


def _still_good(certificate: Path, hosts: Sequence[str]) -> bool:
    try:
        found = _read(certificate)
        covered = hosts_of(certificate)
    except WorkspaceError:
        return False
    left = found.not_valid_after_utc - datetime.now(UTC)
    return left > timedelta(days=_LEAST_DAYS) and set(hosts) <= covered


def _read(certificate: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise WorkspaceError(f"The certificate {certificate} cannot be read ({error}). It must be a PEM file.") from (
            error
        )


def _make(hosts: Sequence[str]) -> tuple[bytes, bytes]:
    """Return a new key and its certificate in PEM; P-256, which every browser supports."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ResNet Studio, this computer")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + timedelta(days=_DAYS) - _SKEW)
        .add_extension(x509.SubjectAlternativeName([_general_name(one) for one in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, made.public_bytes(serialization.Encoding.PEM)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
