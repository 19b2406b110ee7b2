"""A client of Tradewind's own HTTP API, as the commands use it.

It has no word of an agent's in it, and nothing of the runtime: what it knows is what the API's
OpenAPI document says to everybody.
"""
