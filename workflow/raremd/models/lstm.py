"""Long short-term memory language model (Tsai, Kuo, Tiwary 2020): `recurrent` with its layer.

On a processor `kernels.lstm.CompiledLSTM` computes the same, faster.
"""

import torch

from raremd.models.recurrent import Recurrent


class LSTM(Recurrent):
    """One layer of long short-term memory."""

    layer = torch.nn.LSTM
