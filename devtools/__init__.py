"""What is for working on the app, and never deployed."""
