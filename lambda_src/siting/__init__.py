"""Wind-farm siting: the domain of the first agents that live here."""
