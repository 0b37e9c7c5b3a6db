"""Talk to the Heliostat API."""
