"""What the site makes of the project itself: pages of commands, of the interface, equations."""
