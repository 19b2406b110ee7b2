"""The way to the model: pooled client, model pool, retries, fault types."""
