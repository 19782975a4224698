"""How far the values lie apart that a mean is taken over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def spread(name: str, values: NDArray[np.float64]) -> dict[str, float]:
    """``{name}_sd`` (with n - 1; NaN of one), ``{name}_smallest`` and ``{name}_largest``.

    Examples:
        >>> {name: float(value) for name, value in spread("drift", np.array([1.0, 2.0, 4.5])).items()}
        {'drift_sd': 1.8027756377319946, 'drift_smallest': 1.0, 'drift_largest': 4.5}
    """
    sd = values.std(ddof=1) if len(values) > 1 else np.nan
    return {f"{name}_sd": sd, f"{name}_smallest": values.min(), f"{name}_largest": values.max()}
