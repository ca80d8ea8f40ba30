"""The requests of programs that cannot be installed here, in their order, as their sources have them."""
