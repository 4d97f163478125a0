from contextlib import suppress

import psycopg2
from werkzeug.exceptions import RequestEntityTooLarge

from odoo import SUPERUSER_ID, api
from odoo.http import Controller, HttpDispatcher, db_list, request, route
from odoo.modules.registry import Registry

from ..client import LONGEST_WEBHOOK, mentioned_ids
from ..const import WEBHOOK_PATH

TYPE = "maventa_webhook"


class WebhookDispatcher(HttpDispatcher):
    """Leaves the body to the endpoint, whatever its content type says.

    For other requests Odoo takes forms of any size apart, refuses broken ones, and
    wants a token in them, which is needless where nothing is believed.
    """

    routing_type = TYPE

    @classmethod
    def is_compatible_with(cls, request):
        return request.httprequest.path.startswith(WEBHOOK_PATH)

    def dispatch(self, endpoint, args):
        self.request.params = args
        return endpoint(**args)


class MaventaWebhook(Controller):
    @route(
        f"{WEBHOOK_PATH}/<string:database>/<string:secret>",
        type=TYPE,
        auth="none",
        methods=["POST"],
        readonly=False,
        save_session=False,
        max_content_length=LONGEST_WEBHOOK,
    )
    def maventa_webhook(self, database, secret):
        """Have Maventa asked about the invoices that a call names.

        Whoever calls, with whatever: the answer is the same.

        :param database: tells a proxy which database is meant, and this addon where
            Odoo serves several under one name and has loaded it for all of them
        """
        ids = mentioned_ids(_body())
        if request.db:
            _take(request.env(user=SUPERUSER_ID, su=True), secret, ids)
        elif database in db_list(force=True):
            _take_in(database, secret, ids)
        return request.make_response("")


def _body():
    """The body, unless it is larger than any webhook."""
    with suppress(RequestEntityTooLarge):
        return request.httprequest.get_data(cache=False)
    return b""


def _take_in(database, secret, ids):
    try:
        registry = Registry(database).check_signaling()
    except (AttributeError, psycopg2.OperationalError, psycopg2.ProgrammingError):
        return  # It is not one of Odoo's.
    with registry.cursor() as cr:
        _take(api.Environment(cr, SUPERUSER_ID, {}), secret, ids)


def _take(env, secret, ids):
    if "maventa.transmission" in env:
        env["maventa.transmission"]._take_webhook(secret, ids)
