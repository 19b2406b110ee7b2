"""What people read: maps and the report."""
