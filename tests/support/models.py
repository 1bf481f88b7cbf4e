"""A model of which tests know the answer, and its data."""

import numpy as np
import pymc as pm


def visits_by_age() -> tuple[pm.Model, np.ndarray, np.ndarray]:
    """A Poisson regression on ages that nobody has centred, so that its two parameters are all but one; ages; visits."""
    rng = np.random.default_rng(21)
    age = rng.uniform(20, 80, 150)
    visits = rng.poisson(np.exp(-1 + 0.04 * age))
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 5), pm.Normal("b", 0, 1)
        pm.Poisson("visits", pm.math.exp(a + b * age), observed=visits)
    return model, age, visits
