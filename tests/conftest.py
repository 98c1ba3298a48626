import os
import secrets

import torch

# Ray reads these when it is first imported, whichever test does that: with another mode than its
# cluster a process is refused.
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

# Tiny models run many times faster on one thread, and two test processes share the machine.
torch.set_num_threads(1)
