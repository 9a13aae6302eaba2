"""What pupils share with their class: copies of projects and models, the gallery, and the game to fool a model."""
