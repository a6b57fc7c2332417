"""What a page shows until somebody asks for the whole and says why."""


def _middle(value: str) -> str:
    if len(value) <= 5:
        return "*" * len(value)
    return value[:3] + "*" * (len(value) - 5) + value[-2:]


def mask_id_number(value: str) -> str:
    """Keep the area code's first three and the last two characters.

    >>> mask_id_number("379901199001011234")
    '379*************34'
    """
    return _middle(value)


def mask_phone(value: str) -> str:
    """Keep the first three and the last two digits.

    >>> mask_phone("20001234567")
    '200******67'
    """
    return _middle(value)


def mask_name(value: str) -> str:
    """Keep the surname.

    >>> mask_name("王小明")
    '王**'
    """
    return value[:1] + "*" * (len(value) - 1)


def mask_address(value: str) -> str:
    """Keep the beginning: the road or the village, not the door.

    >>> mask_address("环翠区文化中路12号楼301")
    '环翠区文化中***'
    """
    return value[:6] + "***" if value else ""
