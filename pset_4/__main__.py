"""``python -m pset_4``."""

try:
    from .cli import cli
except ModuleNotFoundError as error:  # click, which comes with the extra "pipeline"
    raise SystemExit(f"error: {error}: run pip install '.[all]' in the project's folder") from error

if __name__ == "__main__":
    cli(prog_name="python -m pset_4")
