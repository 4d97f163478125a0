from . import account_move_maventa_status
from . import res_company_maventa_authorize
from . import res_company_maventa_register
