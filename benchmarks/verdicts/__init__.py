"""How often `diagnose` is right: fits whose quality is known."""
