from . import document
from . import portal
