from . import document
from . import party
from . import tax
from . import line
from . import payment
from . import check
from . import national
