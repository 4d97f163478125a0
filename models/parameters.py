import logging
import math
import random

from ..const import LONGEST_PAUSE, PARAMETERS

_logger = logging.getLogger(__name__)


def parameter(env, name):
    """A number that an administrator may set as ``account_maventa.<name>``.

    What is no number, or negative, counts as not set: a slip of the pen shall not
    stop the transfer.
    """
    key = f"account_maventa.{name}"
    text = env["ir.config_parameter"].sudo().get_param(key)
    try:
        number = float(text) if text else PARAMETERS[name]
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        _logger.warning("The system parameter %s is not a number.", key)
        return PARAMETERS[name]
    return number


def pause_seconds(env, failures, asked=None):
    """How long to leave something alone after it has failed, in whole seconds.

    Longer each time, never for two at the same moment, at least as long as Maventa
    asks for, and not longer than ``LONGEST_PAUSE``.

    :param failures: how often it had failed before
    :param asked: seconds that Maventa wants us to wait, or None
    """
    pause = parameter(env, "first_pause_seconds") * 2 ** min(failures, 16)
    jitter = random.uniform(1, 1.25)
    return math.ceil(min(max(pause * jitter, asked or 0), LONGEST_PAUSE * jitter))
