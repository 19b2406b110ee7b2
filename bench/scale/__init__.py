"""What would become of very many requests on AWS, simulated from what was measured here."""
