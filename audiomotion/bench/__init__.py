"""How fast parts are, each against what it could be at best."""
