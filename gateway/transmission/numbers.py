"""Numbers as Transmission writes them. Pure."""


def real(value: float) -> float:
    """Returns a number with at most four decimals; a whole number as an integer."""
    rounded = round(value, 4)
    return int(rounded) if rounded == int(rounded) else rounded
