"""The lessons of the Learn page, in their order, with their titles."""

LESSONS = {
    "inside": "Inside the network",
    "skips": "Why skip connections help",
    "transfer": "Transfer learning",
    "augmentation": "Data augmentation",
    "preprocessing": "Preprocessing",
    "layers": "Layers step by step",
    "family": "The ResNet family",
}
"""The module that shows a lesson is pages/components/learn/lessons/lesson_<name>.py."""
