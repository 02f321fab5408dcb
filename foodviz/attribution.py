"""What every attribution method answers, whichever it is: a score for each pixel, its unit, and how firm it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Attribution:
    """How much each pixel of N pictures counts for one target each, raw: scaling for the eye belongs to `render`.

    Attributes:
        values: (N, H, W), or (N, 3, H, W) where every colour has a score of its own; signed or magnitudes.
        unit: of the values, such as "logit per unit of pixel intensity".
        spread: as `values`, the standard error where the method draws; None where it does not.
        stable: (N, H, W) bool, where the sign is settled; None where that was not looked at.
        checks: (N,) figures by name, how far each picture's answer can be believed.
        remarks: what is to be said of this very answer.
    """

    values: Tensor
    unit: str
    spread: Tensor | None = None
    stable: Tensor | None = None
    checks: Mapping[str, Tensor] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def maps(self) -> np.ndarray:
        """`values` as an array."""
        array: np.ndarray = self.values.cpu().numpy()
        return array

    @property
    def peaks(self) -> list[float]:
        """(N,) the largest magnitude of each picture's map."""
        return [float(each.abs().max()) for each in self.values]

    def to(self, dtype: torch.dtype) -> Attribution:
        """The same with values of that type."""
        spread = None if self.spread is None else self.spread.to(dtype)
        return replace(self, values=self.values.to(dtype), spread=spread)

    def reduced(self, how: str) -> Attribution:
        """One score a pixel; an attribution without colours stays as it is.

        Args:
            how: `max`, the largest magnitude over the colours, (N, H, W) >= 0; `sum`, the signed sum, (N, H, W);
                `none`, the magnitudes as they are, (N, 3, H, W) >= 0.
        """
        if self.values.ndim == 3:
            return self
        if how == "max":
            return replace(self, values=self.values.abs().amax(1))
        return replace(self, values=self.values.sum(1) if how == "sum" else self.values.abs())
