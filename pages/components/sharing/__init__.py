"""What a class shares: the gallery of projects and models, and the game to fool a model."""
