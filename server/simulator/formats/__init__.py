"""One module per wire format: what a real source says to a request, filled from the simulated world."""
