"""The API: HTTP requests that API Gateway has authenticated, and what becomes of them.

Knows neither an agent's framework nor a model: it opens records, has the agents' functions work on
them, and reads them again.
"""
