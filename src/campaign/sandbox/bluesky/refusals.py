"""Refusals as a PDS says them: a status, a name to branch on, and words. Seen on @atproto/pds 0.5.35."""

from collections.abc import Mapping


class XrpcError(Exception):
    """An answer that is an error, and nothing was done. https://atproto.com/specs/xrpc#error-responses"""

    def __init__(self, status: int, name: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.name, self.message, self.headers = status, name, message, dict(headers or {})


def invalid(message: str) -> XrpcError:
    return XrpcError(400, "InvalidRequest", message)


def unauthenticated() -> XrpcError:
    return XrpcError(401, "AuthMissing", "Authentication Required")


def bad_token() -> XrpcError:
    return XrpcError(400, "InvalidToken", "Token could not be verified")


def expired() -> XrpcError:
    return XrpcError(400, "ExpiredToken", "Token has expired")


def wrong_password() -> XrpcError:
    return XrpcError(401, "AuthenticationRequired", "Invalid identifier or password")


def internal() -> XrpcError:
    return XrpcError(500, "InternalServerError", "Internal Server Error")


def too_many(seconds: float) -> XrpcError:
    return XrpcError(429, "RateLimitExceeded", "Rate Limit Exceeded", {"Retry-After": str(max(1, int(seconds)))})
