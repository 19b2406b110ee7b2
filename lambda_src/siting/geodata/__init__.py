"""Public map and weather data: fetched, checked, and turned into features and hours of wind."""
