"""Client of the Maventa AutoXChange REST API. Plain Python: knows nothing of Odoo."""

from .api import PAGE_SIZE, PRODUCTION_URL, TEST_URL, MaventaClient
from .auth import TokenDrawer
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
from .handover import Conflict, Line, LineDown, NotLoaded, Parcel, hand_over
from .known_words import COMPANY_CAUSES, LIMITS, cause_of
from .reroute import Before, Look, Reroute, StillBusy
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
from .wire import check_base_url, is_loopback
from .watch import Watch, Watched

__all__ = [
    "COMPANY_CAUSES",
    "LIMITS",
    "LONGEST_WEBHOOK",
    "PAGE_SIZE",
    "PRODUCTION_URL",
    "TEST_URL",
    "Action",
    "Authorization",
    "Before",
    "CertificateRefused",
    "Company",
    "CompanyRefused",
    "Conflict",
    "Credentials",
    "CredentialsRefused",
    "Current",
    "Invoice",
    "Line",
    "LineDown",
    "Look",
    "MaventaClient",
    "MaventaError",
    "NewCompany",
    "NotFound",
    "NotLoaded",
    "NotReached",
    "OutcomeUnknown",
    "Parcel",
    "Rejected",
    "Reroute",
    "StillBusy",
    "Subscription",
    "Throttled",
    "Token",
    "TokenDrawer",
    "Unauthorised",
    "Unavailable",
    "Watch",
    "Watched",
    "cause_of",
    "check_base_url",
    "hand_over",
    "is_loopback",
    "mentioned_ids",
    "shorten",
    "webhook_url",
]
