"""The chapters' data and models: the two moons, the digits, the visitors of a shop, the sensor's readings.

Published data sets, as their papers have them.
Stored studies: of the sensor's network and its functions, of bought labels, of the one-way model.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={"moons": ["two_moons"], "sensor_fits": ["Setting"], "shop": ["purchases", "visitors"]},
)
