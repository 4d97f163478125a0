"""The RSA key whose public half GET /v1/jwk shows, made anew in each process.

Good enough for a fake: written out here so that the sandbox needs no library for it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import secrets
from functools import lru_cache

KEY_ID = "sandbox-1"
BITS = 2048
EXPONENT = 65537
SMALL = math.prod(n for n in range(3, 2000) if all(n % d for d in range(2, n)))
# DigestInfo of SHA-256 (RFC 8017, 9.2, note 1).
SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


def public_jwk() -> dict[str, str]:
    """The public key as a JSON Web Key (RFC 7517)."""
    modulus, _private = _key()
    exponent = _encode(EXPONENT.to_bytes(3, "big"))
    number = _encode(modulus.to_bytes(BITS // 8, "big"))
    return {"kty": "RSA", "e": exponent, "n": number, "kid": KEY_ID}


def sign(payload: dict[str, str]) -> str:
    """The payload as a compact JSON Web Signature (RFC 7515), RS256."""
    header = {"alg": "RS256", "kid": KEY_ID}
    text = ".".join(_encode(json.dumps(part).encode()) for part in (header, payload))
    digest = SHA256 + hashlib.sha256(text.encode()).digest()
    size = BITS // 8
    padded = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    modulus, private = _key()
    signature = pow(int.from_bytes(padded, "big"), private, modulus)
    return f"{text}.{_encode(signature.to_bytes(size, 'big'))}"


@lru_cache(maxsize=1)
def _key() -> tuple[int, int]:
    """Modulus and private exponent."""
    first, second = _prime(BITS // 2), _prime(BITS // 2)
    private = pow(EXPONENT, -1, (first - 1) * (second - 1))
    return first * second, private


def _prime(bits: int) -> int:
    while True:
        number = secrets.randbits(bits) | 3 << (bits - 2) | 1
        if math.gcd(number, SMALL) > 1 or number % EXPONENT == 1:
            continue
        if all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7)):
            return number


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
