"""Names of styles in results: a model, and how its paintings differ from its usual ones."""
