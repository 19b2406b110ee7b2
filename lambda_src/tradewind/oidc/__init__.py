"""Tokens of an OpenID Connect issuer: who holds one, as far as it can be believed."""
