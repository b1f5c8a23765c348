"""What a Transformer's two halves share. Axes: B sequences, T places, H hidden."""

import math

import torch
from torch import Tensor

from mmkp_core.errors import WrongInput


def positions(length: int, hidden: int, device: torch.device) -> Tensor:
    """[T, H] sines and cosines of each place, at wavelengths from 2 pi to 20,000 pi."""
    place_T1 = torch.arange(length, device=device, dtype=torch.float32).unsqueeze(1)
    rate_F = torch.exp(torch.arange(0, hidden, 2, device=device) * (-math.log(10_000.0) / hidden))
    waves_THF = torch.stack((torch.sin(place_T1 * rate_F), torch.cos(place_T1 * rate_F)), dim=-1)
    return waves_THF.flatten(1)[:, :hidden]


def require_heads(hidden: int, heads: int) -> None:
    if hidden % heads:
        raise WrongInput(f"hidden={hidden} cannot be shared evenly by {heads} heads; give a multiple of {heads}")
