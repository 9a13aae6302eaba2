"""The service as an ASGI application: POST /predict, GET /model, GET /health, and its OpenAPI description.

Every error is JSON with a plain sentence: {"error": "..."}.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from core.data.pictures.decoding import MAX_FILE_BYTES
from core.errors import ComputationError, StudioError
from core.inspection.predicting.answers_json import answers_as_json
from core.inspection.predicting.predictions import TOP
from core.inspection.predicting.predictor import Predictor
from core.serving.answering import Answering
from core.serving.api_page import api_page
from core.serving.guard import OriginGuard
from core.serving.limits import Limits
from core.serving.model_facts import model_facts
from core.serving.schemas import PHOTOS_FORM, Answers, Health, ModelFacts, Problem
from core.serving.uploads import RequestRefused, Uploads, photos_in, uploaded_form

_FAILED = "The service failed on this request. Its log says why."
_WORDS = {404: "There is no such address. GET /docs lists them.", 405: "This address does not take this method."}
_MOST_CLASSES = 1000


def service(
    predictor: Predictor,
    *,
    figures: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    origins: Sequence[str] = (),
    hosts: Sequence[str] = (),
    only_loopback: bool = True,
) -> FastAPI:
    """Return the application for one model.

    ``origins`` are the web pages that may use it beside its own. ``hosts`` are the names under which it is reached,
    beside those of this machine; ``only_loopback`` refuses all others, also addresses.
    """
    limits = limits or Limits()
    answering = Answering(predictor)
    answering.warm_up()
    facts = model_facts(predictor, limits, figures or {})
    uploads = Uploads(limits)
    started, open_requests = time.monotonic(), 0
    app = FastAPI(
        title=f"{predictor.name} · ResNet Studio",
        description="Photos in, classes out. Errors are JSON with a plain sentence under `error`.",
        version="1",
        docs_url=None,  # FastAPI's own page loads its script from the internet
        redoc_url=None,
    )
    app.add_middleware(
        CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST"], allow_headers=["content-type"]
    )
    app.add_middleware(OriginGuard, origins=origins, hosts=hosts, only_loopback=only_loopback)

    @app.post(
        "/predict",
        response_model=Answers,
        response_model_exclude_unset=True,
        responses={status: {"model": Problem} for status in (400, 403, 408, 413, 415, 422, 500, 503)},
        openapi_extra=PHOTOS_FORM,
    )
    async def predict(request: Request, top: Annotated[int, Query(ge=1, le=_MOST_CLASSES)] = TOP) -> JSONResponse:
        """Predict the classes of one or several photos, and the box if the model was trained for localization."""
        nonlocal open_requests
        if open_requests >= limits.requests:  # before the upload, which would be for nothing
            return _busy(limits)
        with uploads.place(request.client.host if request.client else ""):
            form = await uploaded_form(request, limits)
        try:
            photos = [(name, _reader(file)) for name, file in photos_in(form)]
            if open_requests >= limits.requests:
                return _busy(limits)
            open_requests += 1
            try:
                answers = await run_in_threadpool(answering.answers, photos, top)
            finally:
                open_requests -= 1
        finally:
            await form.close()
        found = answers_as_json(answers)
        if found["answers"]:
            return JSONResponse(found)
        return JSONResponse({"error": _unreadable(found["refused"]), "refused": found["refused"]}, 422)

    @app.get("/model")
    async def model() -> ModelFacts:
        """Say what the model is: classes, preprocessing, how it decides, its figures, and the limits of a request."""
        return ModelFacts.model_validate(facts)

    @app.get("/health")
    async def health() -> Health:
        """Say that the service answers."""
        return Health(
            status="ok",
            model=predictor.name,
            requests=open_requests,
            uploads=uploads.count,
            photos=answering.answered,
            seconds=round(time.monotonic() - started, 1),
        )

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(api_page(app.openapi(), facts))

    @app.get("/", include_in_schema=False)
    async def start() -> RedirectResponse:
        return RedirectResponse("docs")

    _answer_errors_in_json(app)
    return app


def _answer_errors_in_json(app: FastAPI) -> None:
    @app.exception_handler(RequestRefused)
    async def refused(_: Request, error: RequestRefused) -> JSONResponse:
        # The rest of a body that is too large is not read.
        again = {"Retry-After": "1"} if error.status == 503 else {}
        return JSONResponse({"error": error.sentence}, error.status, {"Connection": "close", **again})

    @app.exception_handler(StudioError)
    async def told(_: Request, error: StudioError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 503 if isinstance(error, ComputationError) else 422)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        problems = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors())
        return JSONResponse({"error": f"The request is not valid: {problems}."}, 422)

    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": _WORDS.get(error.status_code, f"{error.detail}.")}, error.status_code)

    @app.exception_handler(Exception)
    async def bug(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse({"error": _FAILED}, 500)


def _reader(file: UploadFile) -> Callable[[], bytes]:
    """Return what reads a file when its turn comes, so that the bytes of one photo are in memory at a time.

    Of a file that is too large for a photo, no more is read than the decoder needs to say so.
    """
    return lambda: file.file.read(MAX_FILE_BYTES + 1)


def _busy(limits: Limits) -> JSONResponse:
    problem = f"{limits.requests} requests are waiting already. Try again in a moment."
    return JSONResponse({"error": problem}, 503, {"Retry-After": "1"})


def _unreadable(refused: Sequence[Mapping[str, Any]]) -> str:
    if len(refused) == 1:
        return f"{refused[0]['filename']} was not answered: {refused[0]['reason']}."
    return f"None of the {len(refused)} files could be read as a photo."
