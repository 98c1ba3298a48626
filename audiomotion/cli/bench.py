"""`amx bench`: how fast things are, against what they could be."""

import typer

app = typer.Typer(no_args_is_help=True)


@app.command("data")
def data() -> None:
    """TODO."""
