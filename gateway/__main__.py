"""`ouzel-gateway`: the gateway's command line."""

import sys


def main() -> None:
    """Runs the command line. If packages of the gateway are missing, says how to install them."""
    try:
        from gateway.main import main as run
    except ModuleNotFoundError as error:
        sys.stderr.write(f"ouzel-gateway: {error}; install the extra: pip install 'ouzel[gateway]'\n")
        raise SystemExit(1) from error
    run()


if __name__ == "__main__":
    main()
