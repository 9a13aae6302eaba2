"""The shapes of the service's requests and answers, for its OpenAPI description."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class NamedProbability(BaseModel):
    name: str
    probability: float = Field(ge=0, le=1, description="Calibrated if the model has a temperature.")


class PixelBox(BaseModel):
    x: float
    y: float
    width: float
    height: float


class PhotoAnswer(BaseModel):
    """The answer to one photo; its first prediction is the model's answer."""

    filename: str
    predictions: list[NamedProbability]
    box: PixelBox | None = Field(default=None, description="In pixels of the photo; only of a localization model.")
    unsure: bool | None = Field(default=None, description="Whether the model leaves the photo to a person.")
    likely_set: list[str] | None = Field(default=None, description="The classes that the true one is among.")
    foreign: float | None = Field(default=None, description="How unlike the training photos it is.")
    is_foreign: bool | None = Field(default=None, description="Whether that is beyond the model's limit.")
    remarks: list[str] | None = Field(default=None, description="How the photo was converted.")


class RefusedPhoto(BaseModel):
    filename: str
    reason: str = Field(description="Why it cannot be read as a photo, in half a sentence.")


class Answers(BaseModel):
    """The answers in the order of the photos, and the photos that cannot be read."""

    answers: list[PhotoAnswer]
    refused: list[RefusedPhoto]


class Problem(BaseModel):
    """Why there is no answer."""

    error: str = Field(description="What is wrong and what to do, in plain sentences.")
    refused: list[RefusedPhoto] | None = None


class Health(BaseModel):
    status: str = Field(description='"ok"; while it ends, the service accepts no connections.')
    model: str
    requests: int = Field(description="Requests that are answered now or wait.")
    uploads: int = Field(description="Requests whose photos are still arriving.")
    photos: int = Field(description="Photos that were answered since the start.")
    seconds: float = Field(description="Since the start.")


class ModelFacts(BaseModel):
    """What the model is: its classes in the order of its outputs, its preprocessing, its figures."""

    model_config = ConfigDict(extra="allow")

    name: str
    task: str
    arch: str
    classes: list[str]
    preprocessing: dict[str, Any]
    test_time_views: int
    decides: dict[str, Any]
    figures: dict[str, Any]
    limits: dict[str, int]


PHOTOS_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photos"],
                    "properties": {
                        "photos": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "description": "One or several photos: JPEG, PNG, WebP, HEIC and others.",
                        }
                    },
                }
            }
        },
    }
}
"""The body of POST /predict; it is read by core.serving.uploads, within limits."""
