"""A worksheet of 45 minutes for each lesson, for pupils and with answers for their teacher."""
