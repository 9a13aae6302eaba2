"""The serve command: an HTTP service for other programs."""

from typing import Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_message
from core.cli.ending.json_result import RESULT
from core.cli.predicting.predict_explain import Device, Model


def serve(
    run: Model,
    host: Annotated[
        str,
        typer.Option(
            help="The address to listen on. 127.0.0.1 is this machine alone; 0.0.0.0 is everyone who can reach it."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")] = 8000,
    most_photos: Annotated[int, typer.Option(min=1, max=1000, help="The most photos in one request.")] = 16,
    most_megabytes: Annotated[int, typer.Option(min=1, max=4096, help="The most megabytes in one request.")] = 64,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            help="A web page that may use the service from a browser, such as https://example.org; may be repeated.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A host name under which the service is reached, such as models.example.org; may be repeated. "
            "Addresses and this machine's own name need none; * allows all.",
        ),
    ] = None,
    test_time_views: Annotated[
        int | None,
        typer.Option(help="Average over this many views of each photo, as in predict. Default: as it was trained."),
    ] = None,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Answer photos over HTTP: POST /predict, GET /model, GET /health, and a page that explains them at /docs.

    It ends on Ctrl+C or SIGTERM, after the requests that it has begun to answer. It has no passwords: whoever reaches
    the address can use the model.
    """
    from core.serving.guard import is_loopback
    from core.serving.run_server import address_of, listen
    from core.serving.run_server import run as run_until_signal

    listening = listen(host, port)  # before the model is loaded, which takes seconds
    from core.runs.exams.looks import looks_at_test_photos
    from core.runs.folder import RunFolder
    from core.runs.models import bundle_folder, load_predictor
    from core.serving.limits import Limits
    from core.serving.model_facts import figures_beside, figures_of
    from core.serving.service import service
    from core.workspace import open_workspace

    workspace = open_workspace()
    with ProgressDisplay() as display:
        predictor = load_predictor(run, workspace, device, display.show_bytes, test_time_views)
    folder = bundle_folder(run, workspace)
    figures = {} if predictor.info is None else figures_of(predictor.info.metrics)
    if folder is not None and folder.name == "best" and (folder.parent / "status.json").is_file():
        looks = looks_at_test_photos(workspace, RunFolder(folder.parent))
        figures = figures_beside(folder.parent) | ({"exam": looks.as_json()} if looks.count else {})
    alone = is_loopback(host)
    app = service(
        predictor,
        figures=figures,
        limits=Limits(photos=most_photos, megabytes=most_megabytes),
        origins=allow_origin or [],
        hosts=allow_host or [],
        only_loopback=alone,
    )
    address = address_of(listening)

    def ready() -> None:
        if json:  # the command ends only with the service
            RESULT.hold({"address": address, "model": predictor.name, "docs": f"{address}/docs"})
            RESULT.print()
        else:
            typer.echo(f"{predictor.name} answers at {address}/predict (Ctrl+C stops it); see {address}/docs")
        if not alone:
            print_message("There is no password: everyone who can reach this address can use the model.")

    run_until_signal(app, listening, ready)
