"""Training of the embedded networks: data, degradations, networks, evaluation, export."""
