from . import test_client
from . import test_client_errors
from . import test_client_tokens
from . import test_handover
from . import test_layering
