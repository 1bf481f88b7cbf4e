"""From the start of a process to the first posterior that has been held against the truth.

Run by `python -m benchmarks`; alone: `python -m benchmarks.start ours`.
"""

from __future__ import annotations

import json
import sys

import numpy as np


def data():
    rng = np.random.default_rng(303)
    x = rng.normal(size=100)
    return x, (rng.random(100) < 1 / (1 + np.exp(1 - 2 * x))).astype(int)


def truth(x, y) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sd of the exact posterior, on a grid."""
    a, b = np.meshgrid(np.linspace(-4, 2, 301), np.linspace(0, 6, 301), indexing="ij")
    log_p = -(a**2 + b**2) / 50 + sum(
        k * z - np.logaddexp(0, z) for z, k in ((a + b * u, k) for u, k in zip(x, y, strict=True))
    )
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    mean = np.array([(p * v).sum() for v in (a, b)])
    return mean, np.sqrt([(p * (v - m) ** 2).sum() for v, m in zip((a, b), mean, strict=True)])


def model(x, y):
    import pymc as pm

    with pm.Model() as model:
        w = pm.Normal("w", 0, 5, shape=2)
        pm.Bernoulli("y", logit_p=w[0] + w[1] * x, observed=y)
    return model


def by_pymc(x, y, **options):
    import pymc as pm

    with model(x, y):
        return pm.fit(10_000, random_seed=1, **options).sample(2_000, random_seed=1).posterior["w"].values[0].mean(0)


def ours(x, y):
    import helpers

    helpers.start()
    import pymc as pm

    return by_pymc(x, y, obj_optimizer=pm.adam(learning_rate=0.02))


def by_advi(x, y):
    import helpers

    helpers.start()
    from helpers.fits import FlatModel, advi

    return advi(FlatModel(model(x, y)), seed=1, steps=10_000).draws(2_000, seed=1).mean


def by_numpyro(x, y):
    import jax
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import SVI, Trace_ELBO
    from numpyro.infer.autoguide import AutoNormal

    def model():
        w = numpyro.sample("w", dist.Normal(jnp.zeros(2), 5).to_event(1))
        numpyro.sample("y", dist.Bernoulli(logits=w[0] + w[1] * x), obs=y)

    guide = AutoNormal(model)
    svi = SVI(model, guide, numpyro.optim.Adam(0.02), Trace_ELBO())
    found = svi.run(jax.random.key(1), 10_000, progress_bar=False)
    return np.asarray(guide.sample_posterior(jax.random.key(2), found.params, sample_shape=(2_000,))["w"]).mean(0)


def measure(name: str) -> dict:
    x, y = data()
    mean = {"ours": ours, "advi": by_advi, "pymc": by_pymc, "numpyro": by_numpyro}[name](x, y)
    exact, sd = truth(x, y)
    return {"error_sd": float(np.abs((mean - exact) / sd).max())}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])), flush=True)
