"""`ouzel-gateway`: the gateway's command line."""

from gateway.main import main

if __name__ == "__main__":
    main()
