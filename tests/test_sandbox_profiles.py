"""The sandbox: network profiles."""

from .test_sandbox import SandboxCase

PATH = "/v1/company/profiles"


class TestSandboxProfiles(SandboxCase):
    def setUp(self):
        super().setUp()
        self.sender()

    def register(self, api=None, **values):
        return (api or self.api).post(PATH, values)

    def test_from_asking_to_active_to_ended(self):
        self.assertEqual(self.api.get(PATH).json(), [])
        self.assertEqual(self.register(network="VISMA").status_code, 201)
        made = self.register().json()
        self.assertEqual((made["network"], made["status"]), ("PEPPOL", "pending"))
        self.assertEqual((made["scheme"], made["endpoint_id"]), ("0216", "FI12345678"))
        own = f"{PATH}/{made['id']}"
        self.advance(61)
        self.assertEqual(self.api.get(own).json()["status"], "active")
        self.assertEqual(self.api.call("DELETE", own).status_code, 204)
        self.assertRefused(self.api.get(own), 404, "not_found")
        self.assertEqual(self.api.call("PATCH", own).status_code, 405)

    def test_filters(self):
        self.register(network="VISMA")
        self.advance(61)
        self.register()
        for query, networks in (
            ({"network": ["PEPPOL", "BANK"]}, ["PEPPOL"]),
            ({"status": ["active"]}, ["VISMA"]),
            ({}, ["VISMA", "PEPPOL"]),
        ):
            rows = self.api.get(PATH, **query).json()
            self.assertEqual([row["network"] for row in rows], networks)

    def test_what_clashes_is_refused_by_its_code(self):
        self.assertRefused(self.register(), 422, "profile_not_supported")
        visma = self.register(network="VISMA").json()
        address = {"scheme": "0216", "endpoint_id": "003712345678"}
        self.register(**address)
        self.assertRefused(self.register(**address), 422, "profile_name_conflict")
        other = self.client().register("other@x.example", bid="FI87654321")
        other.authenticate()
        self.register(other, network="VISMA")
        refused = self.register(other, **address)
        self.assertRefused(refused, 422, "profile_eia_conflict")
        refused = self.api.call("DELETE", f"{PATH}/{visma['id']}")
        self.assertRefused(refused, 409, "profile_deletion_not_allowed")
        refused = other.get(f"{PATH}/{visma['id']}")
        self.assertRefused(refused, 404, "not_found")
        detail = "network does not have a valid value"
        refused = self.register(network="FAX")
        self.assertRefused(refused, 400, "invalid_parameters", detail)
