"""What tests of densities on a line integrate for themselves."""

import numpy as np

from helpers.truth import Target
from helpers.truth.divergences import integrate, panel_edges


def log_evidence(target: Target) -> float:
    """log ∫ exp(log_density) dθ, by quadrature (not read from the target)."""
    peak = np.max(target.log_density(panel_edges(target, target)[1:-1]))

    def integrand(theta):
        return np.exp(target.log_density(theta) - peak)

    return float(np.log(integrate(integrand, target, target)) + peak)
