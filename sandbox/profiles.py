"""Where companies receive: their registrations in networks, called profiles.

The sandbox receives nothing, so a profile changes nothing else; a new one becomes
active after a delay. VISMA comes first, as the main switch of receiving.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .accounts import Company
from .clock import Clock, to_text
from .responses import ApiError, not_found
from .switches import Switches

MAIN = "VISMA"
NAMES = ["INVOICE_AND_CREDIT_NOTE"]
SCHEMES = {
    "FI": "0216",
    "SE": "0007",
    "NO": "0192",
    "DK": "0184",
    "NL": "0106",
    "EE": "0191",
    "BE": "0208",
    "DE": "9930",
}


@dataclass(frozen=True)
class Profile:
    """One registration; active from ``active_at`` on."""

    id: str
    company: Company
    network: str
    names: list[str]
    scheme: str
    endpoint_id: str
    created_at: datetime
    active_at: datetime

    def status(self, now: datetime) -> str:
        """``pending`` or ``active``."""
        return "active" if self.active_at <= now else "pending"

    def to_json(self, now: datetime) -> dict[str, object]:
        """The profile as the API shows it."""
        status = self.status(now)
        moment = self.active_at if status == "active" else self.created_at
        return {
            "id": self.id,
            "status": status,
            "last_event": {"message": status, "created_at": to_text(moment)},
            "profiles": self.names,
            "profile_version": None,
            "endpoint_id": self.endpoint_id,
            "scheme": self.scheme,
            "network": self.network,
            "network_settings": None,
        }


class Profiles:
    """All profiles."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock = clock
        self._switches = switches
        self._all: dict[str, Profile] = {}

    def of(self, company: Company) -> list[Profile]:
        """The company's profiles, oldest first."""
        return [each for each in self._all.values() if each.company is company]

    def get(self, profile_id: str, company: Company) -> Profile:
        """The company's profile; ApiError 404."""
        found = self._all.get(profile_id)
        if found is None or found.company is not company:
            raise not_found(f"There is no profile {profile_id}")
        return found

    def add(self, company: Company, fields: Mapping[str, Any]) -> Profile:
        """Register; ApiError 422 when that clashes, or VISMA is not there yet."""
        now = self._clock.now()
        delay = timedelta(seconds=self._switches.seconds("profile_delay"))
        profile = Profile(
            id=str(uuid.uuid4()),
            company=company,
            network=fields.get("network", "PEPPOL"),
            names=fields.get("profiles", NAMES),
            scheme=fields.get("scheme") or SCHEMES.get(company.country, ""),
            endpoint_id=fields.get("endpoint_id") or company.bid,
            created_at=now,
            active_at=now + delay,
        )
        self._check(profile)
        self._all[profile.id] = profile
        return profile

    def remove(self, profile: Profile) -> None:
        """End it; ApiError 409 for VISMA while others are there."""
        if profile.network == MAIN and len(self.of(profile.company)) > 1:
            text = "VISMA is needed by the other profiles"
            raise ApiError(409, "profile_deletion_not_allowed", text)
        del self._all[profile.id]

    def _check(self, new: Profile) -> None:
        own = {each.network for each in self.of(new.company)}
        if new.network != MAIN and MAIN not in own:
            text = "VISMA has to be registered first"
            raise ApiError(422, "profile_not_supported", text)
        for each in self._all.values():
            same = (each.network, each.scheme, each.endpoint_id)
            if same != (new.network, new.scheme, new.endpoint_id):
                continue
            if each.company is not new.company:
                raise ApiError(422, "profile_eia_conflict", "The address is in use")
            if set(each.names) & set(new.names):
                text = "The profile is registered already"
                raise ApiError(422, "profile_name_conflict", text)
