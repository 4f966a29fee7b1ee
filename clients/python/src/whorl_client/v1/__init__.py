"""Messages and stubs of the protocol whorl.v1, generated from proto/whorl/v1."""
