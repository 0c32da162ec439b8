"""The key that signs checkpoints: Ed25519, in a file outside of any database, which only its owner may read.

Guarantees that a key file is made with mode 0600 from its first byte and never written over. Refuses, in a sentence, a key
that others may read, a file that holds no such key, and a public key that is none. The public key is there to be given away.
"""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from shared.kernel.errors import Refused


class PublicKey:
    """Says whether the holder of the signing key signed some bytes."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    @property
    def name(self) -> str:
        """The first 16 hexadecimal digits of the key's sha256, to tell keys apart."""
        return sha256(self._key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]

    @property
    def pem(self) -> bytes:
        """The key as a file to publish."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def signed(self, signature: bytes, content: bytes) -> bool:
        """Whether this is the key's signature of exactly these bytes."""
        try:
            self._key.verify(signature, content)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """Signs bytes. Its text form says nothing of the key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key())

    def sign(self, content: bytes) -> bytes:
        """The signature of exactly these bytes."""
        return self._key.sign(content)


def make_key(path: Path) -> SigningKey:
    """Make a key and its public half beside it (`.pub`); the folder becomes 0700. May raise `FileExistsError`."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
    made = SigningKey(key)
    public_path(path).write_bytes(made.public.pem)
    return made


def public_path(path: Path) -> Path:
    """Where the public half of a key file is."""
    return path.with_name(f"{path.name}.pub")


def load_key(path: Path) -> SigningKey:
    """The key of a file. May raise `Refused`: `signing-key-open` if others may read it, `signing-key` if it is none."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        content = path.read_bytes()
    except OSError as failure:
        raise _no_key(path, type(failure).__name__) from failure
    if mode & 0o077:
        raise Refused(
            "signing-key-open",
            f"Khoá ký {path} để người khác đọc được (quyền {mode:03o}): chạy chmod 600 {path}.",
            f"The signing key {path} can be read by others (mode {mode:03o}): run chmod 600 {path}.",
        )
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as failure:
        raise _no_key(path, type(failure).__name__) from failure
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, "not Ed25519")
    return SigningKey(key)


def load_public(path: Path) -> PublicKey:
    """The public key of a file. May raise `Refused` (`public-key`)."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as failure:
        raise _no_public(path, type(failure).__name__) from failure
    if not isinstance(key, Ed25519PublicKey):
        raise _no_public(path, "not Ed25519")
    return PublicKey(key)


def _no_key(path: Path, why: str) -> Refused:
    return Refused(
        "signing-key",
        f"{path} không phải là tệp khoá ký Ed25519 ({why}): tạo khoá bằng ./clb checkpoint key {path}.",
        f"{path} is no file with an Ed25519 signing key ({why}): make one by ./clb checkpoint key {path}.",
    )


def _no_public(path: Path, why: str) -> Refused:
    return Refused(
        "public-key",
        f"{path} không phải là khoá công khai Ed25519 dạng PEM ({why}): hãy chỉ đúng tệp bằng --public-key.",
        f"{path} is no Ed25519 public key in PEM ({why}): name the right file by --public-key.",
    )
