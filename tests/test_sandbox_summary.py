"""The sandbox: what came in, counted for checks."""

from .test_sandbox import SandboxCase, bis3


class TestSandboxSummary(SandboxCase):
    def test_what_came_in_is_counted(self):
        self.sender()
        other = self.client().register("other@x.example", bid="FI87654321").sign()
        other.authenticate()
        for number, uuid in (("A", "a"), ("B", "b"), ("B", "c"), ("C", "d")):
            self.api.upload(bis3(number), uuid=uuid)
        self.api.upload(bis3("A"), uuid="a")
        other.upload(bis3("A", eia="9999:1"), uuid="e")
        self.advance(6)
        email = {"recipient_email": "b@x.example"}
        other.call("PUT", "/v1/invoices/e/reroute/email", json=email)
        counted = self.api.get("/sandbox/summary").json()["by_company"]
        self.assertEqual(
            counted[self.api.company_id],
            {
                "taken": 4,
                "numbers": 3,
                "numbers_twice": ["B"],
                "arrived_again": ["A"],
                "statuses": {"DELIVERED": 4},
                "channels": {"einvoice": 4},
                "reroutes": 0,
            },
        )
        row = counted[other.company_id]
        self.assertEqual((row["statuses"], row["reroutes"]), ({"PENDING": 1}, 1))
