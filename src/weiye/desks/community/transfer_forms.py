"""Forms of moving a person, and of opening another unit in an emergency."""

from typing import Any

from django import forms
from django.utils import timezone

from weiye.base.accounts.exceptions import terms
from weiye.base.privacy.documents import read_any
from weiye.base.privacy.identifiers import IdentifierError
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor

from ..components.forms import ComponentForm, UnitField, long_text


class MoveForm(ComponentForm):
    """Why, by what, where to: the same for asking and for sending."""

    reason = long_text(
        "迁移原因",
        rows=2,
        max_length=300,
        help_text="例如：已在本社区租房居住，要求就近服务。",
    )
    evidence = forms.CharField(
        label="依据材料",
        max_length=300,
        required=False,
        help_text="看过什么材料，例如：租房合同、居住证。不用上传。",
    )
    address = forms.CharField(
        label="新住址",
        max_length=200,
        required=False,
        help_text="迁移后原住址不再使用；不填就先空着。",
    )
    household = forms.BooleanField(label="全户一起迁移", required=False)


class AskForm(MoveForm):
    """A person whom the fence may hide, by ID number."""

    id_number = forms.CharField(
        label="身份证号",
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "text"}),
    )
    name = forms.CharField(label="姓名", max_length=100)
    field_order = ("id_number", "name", "to", "reason", "evidence", "address", "household")

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A community asks for itself; a street says for which of its communities.
        self.own = Unit.objects.filter(pk=actor.unit_id or 0, level="community").first()
        if self.own is None:
            self.fields["to"] = UnitField(
                label="迁入的社区", within=actor.path, levels=("community",)
            )
            self.fields["to"].widget.attrs["class"] = "form-control"
            self.order_fields(self.field_order)

    def clean_id_number(self) -> str:
        try:
            typed = self.cleaned_data["id_number"]
            return read_any(typed, on=timezone.localdate()).number
        except IdentifierError as error:
            raise forms.ValidationError(f"{error}。") from error

    @property
    def to(self) -> Unit:
        unit: Unit = self.own or self.cleaned_data["to"]
        return unit


class SendForm(MoveForm):
    """A person of one's own area, to another community."""

    to = UnitField(label="迁往的社区", levels=("community",))
    field_order = ("to", "reason", "evidence", "address", "household")


class ClaimForm(ComponentForm):
    """Which community, what kind of emergency, why it cannot wait."""

    says_optional = False
    category = forms.ChoiceField(label="是哪一种情形", widget=forms.RadioSelect)
    reason = long_text(
        "什么事，为什么不能等",
        rows=3,
        max_length=200,
        min_length=10,
        help_text="至少10个字。对方社区、县级机构和复核人都会看到。",
        error_messages={"min_length": "请写明原因，至少10个字：什么事、为什么不能等。"},
    )
    field_order = ("unit", "category", "reason")

    def __init__(self, area: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rules = terms()[0]
        self.fields["unit"] = UnitField(
            label="查阅哪个社区",
            within=area,
            levels=rules.opens,
            error_messages={"required": "请填写查阅哪个社区。"},
        )
        self.fields["unit"].widget.attrs["class"] = "form-control"
        category = self.fields["category"]
        assert isinstance(category, forms.ChoiceField)
        category.choices = list(rules.categories.items())
        self.order_fields(self.field_order)
