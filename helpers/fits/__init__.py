"""Fits: `approximate` for a model of your own; a PyMC model as a function of one vector, ADVI as one loop, SVGD,
importance weights.

Throughout this room, for a model with `size` unconstrained parameters:

- ζ (`zeta`), shape (size,): the model's parameters on the unconstrained scale, in the order of `FlatModel.labels`;
- η (`eta`), shape (draws, size): standard normal draws, which a family pushes to ζ = μ + Lη;
- φ (`phi`): the variational parameters in one vector, (μ, ω) for mean-field, (μ, ω, the rest of L) for full-rank;
- ω (`omega`), shape (size,): the logarithms of L's diagonal;
- L (`scale`): shape (size,) for mean-field, its diagonal, and (size, size), lower triangular, for full-rank.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "approximation": ["Approximation"],
        "automatic": ["approximate"],
        "flat_model": ["FlatModel"],
        "gaussian_fit": ["GaussianFit"],
        "loop": ["advi", "fit_phi", "full_rank", "mean_field", "restarts", "shuffled_epochs"],
        "particles": ["stein_direction", "svgd"],
        "weights": ["khat_error", "khat_threshold", "pareto_khat", "psis", "weighted"],
    },
)
