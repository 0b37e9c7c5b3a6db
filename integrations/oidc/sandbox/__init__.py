"""Own a local stand-in for an OpenID Connect provider."""
