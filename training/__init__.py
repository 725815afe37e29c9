"""Training of upscaler-node's own networks: docs/training.md describes it."""
