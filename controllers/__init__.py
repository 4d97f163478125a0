from . import document
from . import portal
from . import webhook
