from . import account_move_maventa_handled
from . import account_move_maventa_reroute
from . import account_move_maventa_status
from . import account_move_send_batch_wizard
from . import account_move_send_wizard
from . import res_company_maventa_activate
from . import res_company_maventa_authorize
from . import res_company_maventa_register
