from . import document
from . import failures
from . import portal
from . import webhook
