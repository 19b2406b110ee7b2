"""An environment in an account, from its first deployment to its end."""
