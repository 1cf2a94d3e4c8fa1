"""Domain values to messages and request fields to domain values; pure, used by the servicers."""
