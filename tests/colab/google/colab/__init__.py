"""A stand-in for Colab's own module, as much of it as the course touches."""

from google.colab import output  # noqa: F401 - Colab imports it at the start of the kernel
