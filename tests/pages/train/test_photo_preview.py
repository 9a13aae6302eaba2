"""The preview shows what the training will see: the kept views, or new draws for each epoch."""

from core.training.recipe import Recipe
from pages.components.train.photo_preview import kept_views, view_caption, views_sentence


def test_the_default_shows_the_photo_and_its_mirror_image_and_not_crops_that_nobody_trains_on() -> None:
    views = kept_views(Recipe.checked())
    assert [view_caption(view) for view in views] == ["the photo", "mirrored"]
    assert "these 2 views" in views_sentence(len(views))
    many = kept_views(Recipe.checked(views=4, augmentation="standard"))
    assert [view_caption(view) for view in many] == ["the photo", "mirrored", "crop 1", "crop 2"]
    assert kept_views(Recipe.checked(augmentation="none")) == ("original",)


def test_new_draws_are_shown_where_each_epoch_draws_anew() -> None:
    assert kept_views(Recipe.checked(views=0)) == ()
    assert kept_views(Recipe.checked(train="all")) == ()
    assert kept_views(Recipe.checked(train="layer4", mixup=0.2)) == ()
