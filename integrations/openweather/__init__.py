"""Own the weather service OpenWeatherMap: its wire format, its client, its quota, its sandbox."""
