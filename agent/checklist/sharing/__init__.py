"""What two instances of a service share."""
