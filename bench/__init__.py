"""What the README's numbers come from. Each prints the machine it ran on."""
