"""Names, arguments and functions of earlier eras. Nothing imports it until a modern name has failed."""
