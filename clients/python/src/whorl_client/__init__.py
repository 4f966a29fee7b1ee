"""Client of the Whorl fingerprint identification appliance."""
