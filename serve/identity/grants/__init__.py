"""Own how OAuth clients get tokens: by a person's code, on a device, by renewal, for themselves."""
