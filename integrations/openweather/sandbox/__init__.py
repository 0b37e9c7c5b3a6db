"""Own a local stand-in for OpenWeatherMap."""
