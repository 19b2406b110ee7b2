"""A project as files that other programs open: CSV, KML and GeoPackage. Standard library only."""
