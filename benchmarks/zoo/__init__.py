"""Textbook posteriors to judge an automatic Gaussian fit by: `ZOO` holds the models, gold.json what NUTS says."""

from benchmarks.zoo import glms, hierarchies, latent, regressions, time_series
from benchmarks.zoo.entry import Entry

ZOO: dict[str, Entry] = regressions.ENTRIES | glms.ENTRIES | hierarchies.ENTRIES | time_series.ENTRIES | latent.ENTRIES
