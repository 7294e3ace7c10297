"""Image sources for training and evaluation."""
