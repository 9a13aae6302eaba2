"""What a trained network answers, how often it is right, and where it looked."""
