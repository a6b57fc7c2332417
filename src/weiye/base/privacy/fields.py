"""Columns that the database holds encrypted (`cipher`); each is found by `encrypted_fields`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models

from .cipher import (
    Undecipherable,
    blind_index,
    blind_index_next,
    blind_indexes,
    decrypt,
    encrypt,
)

if TYPE_CHECKING:
    _Bytes = models.BinaryField[str, str]
    _Raw = models.BinaryField[bytes, bytes]
    _Text = models.CharField[str | None, str | None]
else:
    _Bytes = _Raw = models.BinaryField  # fields cannot be subscripted while running
    _Text = models.CharField


class Sealed:
    """A column whose stored bytes are those of `cipher.encrypt` for this column."""

    if TYPE_CHECKING:
        model: type[models.Model]
        column: Any

    @property
    def place(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"

    def seal(self, data: bytes) -> bytes:
        """What is stored for ``data`` in this column."""
        return encrypt(data, self.place)

    def unseal(self, stored: bytes) -> bytes:
        """Raises `Undecipherable` for what was altered or does not come from this column."""
        return decrypt(bytes(stored), self.place)


class EncryptedTextField(Sealed, _Bytes):
    """Text that the database holds encrypted. Empty text is stored as NULL.

    ``mask``: what a page shows of it until somebody asks for the whole and says why (`masked`,
    `revealable`). Without one it is not shown by itself: drafts, secrets, previews.
    """

    def __init__(self, *args: Any, mask: Callable[[str], str] | None = None, **kwargs: Any) -> None:
        self.mask = mask
        kwargs["null"] = True
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def get_prep_value(self, value: Any) -> Any:
        return self.seal(str(value).encode()) if value else None

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if not prepared:
            value = self.get_prep_value(value)
        return None if value is None else connection.Database.Binary(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str:
        return "" if value is None else self.unseal(value).decode()

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        raise TypeError("an encrypted field is not serialised")


def revealable(model: type[models.Model]) -> dict[str, str]:
    """The masked columns of a model: name → label."""
    return {
        column.name: str(column.verbose_name)
        for column in model._meta.concrete_fields
        if isinstance(column, EncryptedTextField) and column.mask is not None
    }


def masked(row: models.Model, name: str) -> str:
    """What may be shown of an encrypted value without a reason; empty for an empty one."""
    column = row._meta.get_field(name)
    assert isinstance(column, EncryptedTextField)
    value = str(getattr(row, name) or "")
    if not value:
        return ""
    return column.mask(value) if column.mask is not None else "***"


class SealedBytesField(Sealed, _Raw):
    """Bytes that their owner encrypts and decrypts itself, by ``seal`` and ``unseal``."""


class _IndexField(_Text):
    def __init__(self, *, of: str, **kwargs: Any) -> None:
        self.of = of
        super().__init__(**{"max_length": 64, "null": True, **kwargs})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of}


class BlindIndexField(_IndexField):
    """The blind index of the encrypted column ``of``; who writes that column writes this one.

    Beside it stands a `NextIndexField` of the same name with ``_next`` and the same uniqueness.
    """

    @property
    def next(self) -> "NextIndexField":
        column = self.model._meta.get_field(f"{self.name}_next")
        assert isinstance(column, NextIndexField)
        return column


class NextIndexField(_IndexField):
    """The index under the key that a rotation moves to (`rotation`); empty at other times.

    Saving a model fills it. Bulk writers call `blind_index_next`; where one does not, the database
    empties the column (`weiye_index_next`) and the rotation fills it.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if self.of in model_instance.__dict__:  # not where it was left in the database
            found = blind_index_next(str(getattr(model_instance, self.of) or ""))
            if found is not None:
                setattr(model_instance, self.attname, found)
        return super().pre_save(model_instance, add)


def index_fields() -> list[BlindIndexField]:
    """Every blind index of the installation."""
    found = [
        column
        for model in apps.get_models(include_auto_created=True)
        for column in model._meta.local_concrete_fields
        if isinstance(column, BlindIndexField)
    ]
    return sorted(found, key=lambda column: (column.model._meta.db_table, str(column.column)))


def encrypted_fields() -> list[EncryptedTextField | SealedBytesField]:
    """Every encrypted column of the installation, in the order of their places."""
    found = [
        column
        for model in apps.get_models(include_auto_created=True)
        for column in model._meta.local_concrete_fields
        if isinstance(column, EncryptedTextField | SealedBytesField) and not model._meta.proxy
    ]
    return sorted(found, key=lambda column: column.place)


def sealed(model: type[models.Model], name: str, text: str) -> bytes | None:
    """What an encrypted text column stores for a text: for bulk writes past the model."""
    column = model._meta.get_field(name)
    assert isinstance(column, EncryptedTextField)
    return column.get_prep_value(text)  # type: ignore[no-any-return]


__all__ = [
    "BlindIndexField",
    "EncryptedTextField",
    "NextIndexField",
    "SealedBytesField",
    "Undecipherable",
    "blind_index",
    "blind_index_next",
    "blind_indexes",
    "decrypt",
    "encrypt",
    "encrypted_fields",
    "index_fields",
    "masked",
    "revealable",
    "sealed",
]
