"""Fast paths of the models, each tested against the readable file."""
