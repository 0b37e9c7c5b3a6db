"""Own the model of a product: a curve model and a density model that follow its settlements."""
