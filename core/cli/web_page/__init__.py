"""The commands for web pages: writing one, and bringing back what one learned."""
