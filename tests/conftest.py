import torch

# Tiny models run many times faster on one thread, and two test processes share the machine.
torch.set_num_threads(1)
