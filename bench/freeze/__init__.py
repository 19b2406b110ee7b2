"""What a call costs after its process was frozen and its connections were lost meanwhile."""
