from werkzeug.exceptions import NotFound

from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import Controller, Stream, request, route

from ..models.maventa_transmission import SHOWN


class MaventaDocument(Controller):
    """Files of a transmission: as they were sent, and as Maventa has them."""

    @route(
        "/account_maventa/file/<int:transmission_id>/<string:what>",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def file(self, transmission_id, what):
        """One file, or the one sentence that tells why there is none."""
        transmission = request.env["maventa.transmission"].browse(transmission_id)
        try:
            file = transmission._file(what)
        except (AccessError, MissingError) as error:
            raise NotFound from error
        except UserError as error:
            return _sentence(str(error))
        return _answer(file)


def _answer(file):
    stream = Stream(
        type="data",
        data=file.content,
        mimetype=file.mimetype,
        download_name=file.name,
        as_attachment=file.mimetype not in SHOWN,
        etag=False,
    )
    return stream.get_response()


def _sentence(text):
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return request.make_response(text, headers, status=422)
