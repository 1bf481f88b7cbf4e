"""Checkers for the exercises, a module a chapter: each says at once what is right, or what is wrong and where to look.

A checker never raises for a wrong answer: it returns a `Verdict`, which a notebook shows as one line. A module is
loaded when one of its checkers is first used, so that a chapter without PyMC does not wait for it. See `base` first.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "student_t": ["check_kl_of_normals", "check_sigma_for_laplace", "check_towards_two"],
        "logit_beta": ["check_gamma_log_density", "check_gamma_optimum", "check_gamma_gradient"],
        "logistic_regression": ["check_prior_sd", "check_mean_field_sds"],
        "advi_in_one_loop": ["check_numbers_in_phi", "check_quadratic_model"],
        "mixtures": ["check_mode_weights", "check_kernel_gradient", "check_stop_when_flat"],
        "minibatch_advi": ["check_estimate", "check_epochs", "check_steps_needed"],
        "bnn_moons": ["check_split", "check_log_copies", "check_twin"],
        "bnn_ideas": ["check_bald", "check_layered_weights", "check_paired"],
        "bayesian_line": ["check_one_step_ahead", "check_sd_of_reading"],
        "bnn_regression": ["check_log_acceptance", "check_observation_band"],
        "did_it_work": ["check_corrected", "check_vsbc", "check_draws_needed"],
        "scaling_out": ["check_prior_once", "check_log_share"],
        "better_gaussians": ["check_log_rate", "check_response_correlations", "check_nested_weights"],
        "hierarchies": ["check_level", "check_funnel", "check_new_group"],
    },
)
