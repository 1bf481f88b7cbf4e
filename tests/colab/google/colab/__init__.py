"""A stand-in for Colab's own module, as much of it as the course touches."""
