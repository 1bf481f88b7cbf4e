"""The chapters' data and models: the two moons, the digits, the visitors of a shop, the sensor's readings, and the stored
studies of the sensor's network and of bought labels.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={"moons": ["two_moons"], "sensor_fits": ["Setting"], "shop": ["purchases", "visitors"]},
)
