"""Client of the Maventa AutoXChange REST API. Plain Python: knows nothing of Odoo."""

from .api import PAGE_SIZE, PRODUCTION_URL, TEST_URL, MaventaClient
from .auth import TokenCache
from .errors import (
    CertificateRefused,
    CompanyRefused,
    CredentialsRefused,
    MaventaError,
    NotFound,
    NotReached,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Unauthorised,
    Unavailable,
    shorten,
)
from .submission import (
    Conflict,
    CircuitBreaker,
    CircuitOpen,
    NotLoaded,
    Submission,
    submit,
)
from .known_words import COMPANY_CAUSES, LIMITS, cause_of
from .reroute import Snapshot, TakeSnapshot, Reroute, StillBusy
from .schemas import (
    Action,
    Authorization,
    Company,
    Credentials,
    Current,
    Invoice,
    NewCompany,
    Subscription,
    Token,
)
from .webhooks import LONGEST_WEBHOOK, mentioned_ids, webhook_url
from .encoding import check_base_url, is_loopback
from .polling import Poll, Polled

__all__ = [
    "COMPANY_CAUSES",
    "LIMITS",
    "LONGEST_WEBHOOK",
    "PAGE_SIZE",
    "PRODUCTION_URL",
    "TEST_URL",
    "Action",
    "Authorization",
    "Snapshot",
    "CertificateRefused",
    "Company",
    "CompanyRefused",
    "Conflict",
    "Credentials",
    "CredentialsRefused",
    "Current",
    "Invoice",
    "CircuitBreaker",
    "CircuitOpen",
    "TakeSnapshot",
    "MaventaClient",
    "MaventaError",
    "NewCompany",
    "NotFound",
    "NotLoaded",
    "NotReached",
    "OutcomeUnknown",
    "Submission",
    "Rejected",
    "Reroute",
    "StillBusy",
    "Subscription",
    "Throttled",
    "Token",
    "TokenCache",
    "Unauthorised",
    "Unavailable",
    "Poll",
    "Polled",
    "cause_of",
    "check_base_url",
    "submit",
    "is_loopback",
    "mentioned_ids",
    "shorten",
    "webhook_url",
]
