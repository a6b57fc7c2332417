"""The forms of the changes to a unit; each gives the keywords of its action."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from weiye.base.regions.actions import Part
from weiye.base.regions.actions.checking import ABOVE
from weiye.base.regions.models import Kind, Level, Unit, UrbanRural
from weiye.base.scope.actor import Actor

from ...components.forms import ComponentForm, date_field
from ...components.forms.base import dress
from .fields import AreaUnitField

CLASSES = [("", "不清楚"), *((code, f"{code} {label}") for code, label in UrbanRural.choices)]
OFFICIAL = "12位统计用区划代码；网格、楼栋和没有统计代码的功能区用数字和字母。"


class ChangeForm(ComponentForm):
    """A change to ``unit`` by ``actor``; all ask for the day from which it holds.

    ``late``: fields that are made for the very unit and dressed after the others.
    """

    late: tuple[str, ...] = ()

    def __init__(self, actor: Actor, unit: Unit, *args: Any, **kwargs: Any) -> None:
        self.actor, self.unit = actor, unit
        self._dressed: set[str] = set()
        super().__init__(*args, **kwargs)
        self.fields["day"] = date_field(
            "生效日期", help_text="今天或以前的某天；从这一天起按新的区划统计。"
        )
        self.initial.setdefault("day", timezone.localdate())
        dress(self.fields["day"])

    def _dress_late(self) -> None:
        for name in self.late:
            if name in self.fields and name not in self._dressed:
                dress(self.fields[name])
                self._dressed.add(name)

    def keywords(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class AmendForm(ChangeForm):
    name = forms.CharField(label="名称", max_length=100)
    code = forms.CharField(label="代码", max_length=32, help_text=OFFICIAL)
    urban_rural = forms.ChoiceField(label="城乡分类", choices=CLASSES, required=False)

    def __init__(self, actor: Actor, unit: Unit, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "name": unit.name,
            "code": unit.code,
            "urban_rural": unit.urban_rural,
        }
        super().__init__(actor, unit, *args, **kwargs)


class MoveForm(ChangeForm):
    late = ("parent",)
    code = forms.CharField(
        label="新代码",
        max_length=32,
        required=False,
        help_text="有了新代码就填；没有可以不填，以后再改。",
    )

    def __init__(self, actor: Actor, unit: Unit, *args: Any, **kwargs: Any) -> None:
        super().__init__(actor, unit, *args, **kwargs)
        self.fields["parent"] = AreaUnitField(
            actor,
            label="新的上级",
            levels=tuple(ABOVE.get(Level(unit.level), ())),
            help_text="要在您管理的范围内。",
        )
        self.order_fields(["parent", "code", "day"])
        self._dress_late()

    def keywords(self) -> dict[str, Any]:
        return super().keywords() | {"code": self.cleaned_data["code"] or None}


class MergeForm(ChangeForm):
    late = ("others", "into", "parent")
    code = forms.CharField(label="新单位的代码", max_length=32, required=False)
    name = forms.CharField(label="新单位的名称", max_length=100, required=False)

    def __init__(self, actor: Actor, unit: Unit, *args: Any, **kwargs: Any) -> None:
        super().__init__(actor, unit, *args, **kwargs)
        same = (unit.level,)
        siblings = Unit.objects.open().filter(parent=unit.parent, level=unit.level)
        self.fields["others"] = forms.MultipleChoiceField(
            label=f"和{unit.name}一起并入的单位",
            required=False,
            choices=[(u.pk, u.name) for u in siblings.exclude(pk=unit.pk).order_by("path")],
            widget=forms.CheckboxSelectMultiple,
        )
        self.fields["into"] = AreaUnitField(
            actor,
            label="并入哪个单位",
            levels=same,
            required=False,
            help_text="并入现有的单位填这里；合并成一个新单位的，留空，填下面三项。",
        )
        self.fields["parent"] = AreaUnitField(
            actor,
            label="新单位的上级",
            levels=tuple(ABOVE.get(Level(unit.level), ())),
            required=False,
            initial=unit.parent,
        )
        self.order_fields(["others", "into", "code", "name", "parent", "day"])
        self._dress_late()

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        new = found.get("code") or found.get("name")
        if "into" in found and bool(found["into"]) == bool(new):
            raise ValidationError("请填写并入哪个现有单位，或填写新单位的代码和名称，二选一。")
        return found

    def keywords(self) -> dict[str, Any]:
        found = self.cleaned_data
        others = Unit.objects.filter(pk__in=found["others"]).order_by("path")
        return {
            "units": [self.unit, *others],
            "day": found["day"],
            "into": found["into"] or Part(found["code"], found["name"]),
            "parent": None if found["into"] else found["parent"],
        }


PARTS = 6


class SplitForm(ChangeForm):
    """Up to six parts, each a code and a name; then for each unit below where it goes."""

    says_optional = False

    keep = forms.ChoiceField(
        label="原单位",
        choices=[("1", "保留，只分出一部分"), ("0", "撤销，全部分到新单位")],
        widget=forms.RadioSelect,
        initial="1",
        help_text="撤销的，直接登记在原单位的人归到第一个新单位下面，由工作人员逐个核对。",
    )

    def __init__(self, actor: Actor, unit: Unit, *args: Any, **kwargs: Any) -> None:
        super().__init__(actor, unit, *args, **kwargs)
        for n in range(1, PARTS + 1):
            self.fields[f"code_{n}"] = forms.CharField(
                label=f"第{n}个新单位的代码", max_length=32, required=n == 1
            )
            self.fields[f"name_{n}"] = forms.CharField(
                label=f"第{n}个新单位的名称", max_length=100, required=n == 1
            )
        self.children = list(unit.children.open().order_by("path"))
        where = [("0", "留在原单位"), *((str(n), f"第{n}个新单位") for n in range(1, PARTS + 1))]
        for child in self.children:
            self.fields[f"child_{child.pk}"] = forms.ChoiceField(
                label=child.name, choices=where, required=False, initial="0"
            )
        self.late = tuple(name for name in self.fields if name not in ("keep", "day"))
        self.order_fields(["keep", "day", *self.late])
        self._dress_late()

    @property
    def part_rows(self) -> list[tuple[int, Any, Any]]:
        return [(n, self[f"code_{n}"], self[f"name_{n}"]) for n in range(1, PARTS + 1)]

    @property
    def child_fields(self) -> list[Any]:
        return [self[f"child_{child.pk}"] for child in self.children]

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        for n in range(2, PARTS + 1):
            code, name = found.get(f"code_{n}"), found.get(f"name_{n}")
            if bool(code) != bool(name):
                self.add_error(f"{'name' if code else 'code'}_{n}", "代码和名称要一起填。")
        for child in self.children:
            part = found.get(f"child_{child.pk}") or "0"
            if part != "0" and not found.get(f"code_{part}"):
                self.add_error(f"child_{child.pk}", f"还没有填第{part}个新单位。")
        return found

    def keywords(self) -> dict[str, Any]:
        found = self.cleaned_data
        parts = [
            Part(
                found[f"code_{n}"],
                found[f"name_{n}"],
                children=tuple(c.pk for c in self.children if found.get(f"child_{c.pk}") == str(n)),
            )
            for n in range(1, PARTS + 1)
            if found.get(f"code_{n}")
        ]
        return {"parts": parts, "keep": found["keep"] == "1", "day": found["day"]}


class CloseForm(ChangeForm):
    pass


class ReopenForm(ChangeForm):
    late = ("parent", "code")

    def __init__(self, actor: Actor, unit: Unit, *args: Any, **kwargs: Any) -> None:
        super().__init__(actor, unit, *args, **kwargs)
        before = unit.past.filter(closed=False).order_by("-during").first()
        self.fields["parent"] = AreaUnitField(
            actor,
            label="上级",
            levels=tuple(ABOVE.get(Level(unit.level), ())),
            initial=before.parent if before and before.parent and before.parent.is_open else None,
        )
        self.fields["code"] = forms.CharField(
            label="代码", max_length=32, initial=unit.plain_code, help_text=OFFICIAL
        )
        self.order_fields(["parent", "code", "day"])
        self._dress_late()


class AddForm(ChangeForm):
    late = ("what",)
    name = forms.CharField(label="名称", max_length=100)
    code = forms.CharField(
        label="代码",
        max_length=32,
        required=False,
        help_text="行政区划填12位统计用区划代码；功能区、网格和楼栋不填，系统会给一个。",
    )
    urban_rural = forms.ChoiceField(label="城乡分类", choices=CLASSES, required=False)

    def __init__(self, actor: Actor, unit: Unit, *args: Any, **kwargs: Any) -> None:
        super().__init__(actor, unit, *args, **kwargs)
        choices = []
        for level, above in ABOVE.items():
            if unit.level not in above:
                continue
            local = level in (Level.GRID, Level.BUILDING)
            kinds = [Kind.LOCAL if local else Kind.OFFICIAL]
            if level in (Level.COUNTY, Level.STREET):
                kinds.append(Kind.FUNCTIONAL)
            for kind in kinds:
                shown = level.label if kind != Kind.FUNCTIONAL else f"功能区（{level.label}一级）"
                choices.append((f"{level}:{kind}", shown))
        self.fields["what"] = forms.ChoiceField(
            label="新增什么", choices=choices, widget=forms.RadioSelect
        )
        if choices:
            self.fields["what"].initial = choices[0][0]
        self.order_fields(["what", "name", "code", "urban_rural", "day"])
        self._dress_late()

    def keywords(self) -> dict[str, Any]:
        found = self.cleaned_data
        level, kind = found["what"].split(":")
        return {
            "level": level,
            "kind": kind,
            "name": found["name"],
            "code": found["code"],
            "urban_rural": found["urban_rural"],
            "day": found["day"],
        }
