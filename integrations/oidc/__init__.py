"""Own signing in elsewhere: one OpenID Connect provider, or the sandbox that speaks as one."""
