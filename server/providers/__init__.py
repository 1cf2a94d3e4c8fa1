"""What each source looks like: declared data and pure functions, one module or family per wire format."""
