from contextlib import contextmanager

from odoo import api, fields, models

RUNS_ENDED = 2
"""Runs that an invoice may end before it is set aside."""


def ends_the_run(error):
    """Whether an error concerns the whole process, whichever invoice meets it."""
    # Odoo raises the latter itself, see signal_time_expired_handler.
    spent = error.args == ("CPU time limit exceeded.",)
    return isinstance(error, MemoryError) or spent


class MaventaPreparation(models.Model):
    """An invoice that a run is preparing.

    The rows are there for as long as that takes. One that is left over tells that the
    run was killed, or ended because there was no memory or time left: then each of its
    invoices is prepared alone, and the one that ends a run again is set aside.

    Whose run lives has its rows locked.
    """

    _name = "maventa.preparation"
    _description = "Invoice Being Prepared"
    _log_access = False

    # A foreign key would wait for whoever holds the invoice.
    move_id = fields.Integer(required=True)
    runs = fields.Integer(
        help="Runs that began to prepare the invoice and did not finish."
    )

    _move_unique = models.UniqueIndex("(move_id)")

    @api.model
    def _batches(self, moves):
        """The invoices to be prepared together, and how many runs they have ended.

        What another run is preparing at the moment is left out.
        """
        rows = self.search([("move_id", "in", moves.ids)])
        left_over = rows.try_lock_for_update()
        runs = {row.move_id: row.runs for row in left_over}
        suspects = moves.filtered(lambda move: move.id in runs)
        fresh = moves.filtered(lambda move: move.id not in rows.mapped("move_id"))
        batches = [(fresh, 0)] if fresh else []
        return batches + [(move, runs[move.id]) for move in suspects]

    @api.model
    @contextmanager
    def _marking(self, moves):
        """Have it known, whatever happens, that these are being prepared."""
        self.env.cr.execute(
            "INSERT INTO maventa_preparation (move_id, runs)"
            " SELECT unnest(%s), 1 ON CONFLICT (move_id)"
            " DO UPDATE SET runs = maventa_preparation.runs + 1",
            [moves.ids],
        )
        self._keep(moves)
        try:
            yield
        except Exception as error:
            self.env.cr.rollback()
            if not ends_the_run(error):
                self._take_back(moves)
                self.env["ir.cron"]._commit_progress()
            raise
        self._take_back(moves)

    def _keep(self, moves):
        """Commit, and show that this run goes on."""
        self.env["ir.cron"]._commit_progress()
        self.search([("move_id", "in", moves.ids)]).try_lock_for_update()

    def _take_back(self, moves):
        """Nothing has come of it, but it was not their fault."""
        rows = self.search([("move_id", "in", moves.ids)])
        for row in rows:
            row.runs -= 1
        rows.filtered(lambda row: row.runs <= 0).unlink()

    def _forget(self, move):
        """It is prepared."""
        self.search([("move_id", "=", move.id)]).unlink()
