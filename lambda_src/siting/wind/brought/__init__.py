"""What people bring themselves: wind roses, atlases, a mast's series and power curves, as text."""
