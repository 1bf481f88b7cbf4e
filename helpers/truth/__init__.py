"""What a fit is held against: targets with exact moments, divergences by quadrature, the closest Gaussian, a line with
one unknown scale, products of shards' posteriors, gold draws, and `Draws`, the common form of them all.

Of hierarchies: effects known with an error each, the one-way model, and its best Gaussians.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "closest": ["best_gaussian", "best_gaussian_2d", "descend", "loss_2d"],
        "divergences": ["elbo", "entropy", "kl"],
        "draws": ["Draws"],
        "linear": ["one_scale"],
        "normal_columns": ["NormalColumns"],
        "shards": ["closest_to_rate", "closest_to_rates", "product_errors", "rate_posterior"],
        "targets": ["Target", "beta", "logit_beta", "normal", "normal_mixture", "student_t"],
        "targets_2d": ["get_target_2d"],
    },
)
