"""What each arm of a launch was given, and where that was not alike."""
