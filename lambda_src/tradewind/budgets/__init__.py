"""What model calls may cost, in US dollars: per request, and per principal and day."""
