"""Cover it yourself: a patch by hand, the occlusion map, and a guess before the heatmap."""
