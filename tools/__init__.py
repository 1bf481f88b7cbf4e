"""For those who keep the course or teach it: not part of the package that Colab installs."""
