"""The widgets: what the reader moves by hand, with live readings. Each is a module with a script and a style sheet; `base` holds
what they share. Importing the room loads none of them: each comes when its name is first used, so a chapter waits only
for what its own widget needs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "better_gaussian": ["BetterGaussian"],
        "change_of_variables": ["ChangeOfVariables"],
        "correlated_gaussian": ["CorrelatedGaussian"],
        "function_posterior": ["FunctionPosterior"],
        "groups_and_centring": ["GroupsAndCentring"],
        "khat_and_coverage": ["KhatAndCoverage"],
        "live_fit": ["LiveFit"],
        "manual_vi": ["ManualVI"],
        "noisy_descent": ["NoisyDescent"],
        "prior_and_noise": ["PriorAndNoise"],
        "shard_product": ["ShardProduct"],
        "stein_particles": ["SteinParticles"],
        "two_uncertainties": ["TwoUncertainties"],
    },
)
