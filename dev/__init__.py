"""What only a developer needs: set-up, demo, tests, linters."""
