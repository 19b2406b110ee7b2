"""What the numbers of the siting domain come from."""
