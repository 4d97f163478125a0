"""Run inside Odoo's shell after day_people_data.py: plays the day, prints its end."""

import logging

LINK = 'model=account.move&amp;res_id={}"'
ROLES = ("to_transfer", "transferred", "failed")


class Errors(logging.Handler):
    """What is logged as an error; conflicts that Odoo repeats by itself are none."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.texts = []

    def emit(self, record):
        if record.name != "odoo.sql_db":
            _type, error, _traceback = record.exc_info or (None, None, None)
            self.texts.append(f"{record.getMessage()} {error or ''}".strip())


def read_invoices(moves):
    bodies = env["mail.mail"].search([]).mapped("body_html")
    roles = {company[f"maventa_{role}_status_id"]: role for role in ROLES}
    return [read_invoice(move, bodies, roles) for move in moves]


def read_invoice(move, bodies, roles):
    link = LINK.format(move.id)
    kind = env.ref("account_maventa.mail_activity_failed")
    activities = move.activity_ids.filtered(lambda a: a.activity_type_id == kind)
    return {
        "number": move.name,
        "status": roles.get(move.maventa_status_id, "none"),
        "delivery": move.maventa_delivery_state or "none",
        "channel": move.maventa_channel or "none",
        "is_move_sent": move.is_move_sent,
        "mails": sum(str(body).count(link) for body in bodies),
        "activities": len(activities),
        "transmissions": [
            read_transmission(each)
            for each in move.maventa_transmission_ids.sorted("id")
            if each.state != "cancelled"
        ],
    }


def read_transmission(transmission):
    sent = transmission.rerouted_id or transmission
    while sent.rerouted_id:
        sent = sent.rerouted_id
    rerouted = transmission.rerouted_id
    return {
        "uuid": sent.uuid,
        "state": transmission.state,
        "channel": transmission.channel or transmission.planned_channel or "none",
        "way": transmission.planned_channel if rerouted else "",
        "cause": (transmission.error_args or {}).get("text", ""),
    }


errors = Errors()
log = logging.FileHandler(os.environ["DAY_LOG"])
log.setLevel(logging.ERROR)
for handler in (errors, log):
    logging.getLogger().addHandler(handler)
day = Day(Clock())
day.play()
env.cr.commit()
result = {
    "company": company.maventa_company_uuid,
    "invoices": read_invoices(invoices),
    "calls": len(api_calls(day.clock, *day.moments)),
    "all_calls": len(api_calls(day.clock, day.clock.start, now())),
    "forged": day.forged,
    "errors": errors.texts,
}
print(json.dumps(result))
