"""The parts of a gateway, without a daemon."""

import asyncio
from pathlib import Path

import pytest

from gateway.config.gateway_config import Config, GatewayPaths
from gateway.service import InUse, open_gateway


def test_a_directory_has_one_gateway_at_a_time(tmp_path: Path) -> None:
    """Another port does not make two gateways on one store right."""
    config = Config(paths=GatewayPaths(runtime_dir=str(tmp_path / "run"), state_dir=str(tmp_path / "state")))

    async def test() -> None:
        async with open_gateway(config):
            with pytest.raises(InUse, match="another gateway"):
                async with open_gateway(config):
                    pass
        async with open_gateway(config):
            pass

    asyncio.run(test())
