"""A token kept so that only whoever brings the secret can read it: sealed under a key that is made from that secret.

Guarantees that a copy of the database gives neither the secret (only its sha256 is kept) nor the token (AES-256-GCM; the key
is derived by HKDF and is nowhere stored). A sealed token that was moved to another row does not open.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Purpose = Literal["link", "session"]

_NONCE = 12


def digest(secret: str) -> bytes:
    """What is kept of a secret. It is random and long, so no salt and no slow hash are needed."""
    return sha256(secret.encode()).digest()


def seal(token: str, secret: str, purpose: Purpose) -> bytes:
    """The token as only the bearer of the secret can read it."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(_key(secret, purpose)).encrypt(nonce, token.encode(), digest(secret))


def unseal(sealed: bytes, secret: str, purpose: Purpose) -> str | None:
    """The token, or None if it was not sealed with this secret for this purpose."""
    try:
        return AESGCM(_key(secret, purpose)).decrypt(sealed[:_NONCE], sealed[_NONCE:], digest(secret)).decode()
    except (InvalidTag, ValueError):
        return None


def proof(secret: str) -> str:
    """What a form carries to show that it comes from a page that was made for the bearer of this secret."""
    return hmac.new(secret.encode(), b"lien-the csrf", sha256).hexdigest()


def _key(secret: str, purpose: Purpose) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"lien-the {purpose}".encode()).derive(secret.encode())
