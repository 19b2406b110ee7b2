"""The way to the model: pooled client, model pool, retries, deadlines, fault types."""
