"""Colab shows widgets that it does not bring along only after this call, where their output names its widget manager."""

from types import SimpleNamespace

calls = 0
_widgets = SimpleNamespace(_installed_url=None)


def enable_custom_widget_manager():
    global calls
    calls += 1
    _widgets._installed_url = "https://manager.example"
