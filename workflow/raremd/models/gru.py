"""Gated recurrent unit (Cho et al. 2014), in plain PyTorch: `recurrent` with a layer of them."""

import torch

from raremd.models.recurrent import Recurrent


class GRU(Recurrent):
    """One layer of gated recurrent units."""

    layer = torch.nn.GRU
