"""The changes to a unit: words, form and action of each verb."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from weiye.base.regions import actions
from weiye.base.regions.actions import Outcome
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor

from . import forms


@dataclass(frozen=True)
class Change:
    """A verb: its words, its form, and the action that it calls."""

    title: str
    lead: str
    button: str
    form: type[forms.ChangeForm]
    call: Callable[..., Outcome]
    # How the action names the unit itself; "" if the form's keywords hold it.
    unit_as: str = "unit"
    done: str = "已变更。"

    def make(self, form: forms.ChangeForm, actor: Actor, unit: Unit) -> Outcome:
        """Do what a valid form says. Raises ``ValidationError``."""
        words: dict[str, Any] = {"actor": actor, **form.keywords()}
        if self.unit_as:
            words[self.unit_as] = unit
        return self.call(**words)


CHANGES = {
    "amend": Change(
        "改名、改代码",
        "单位还是同一个单位，人员和账号都不动；以前的名称和代码留在历史里。",
        "看看会怎样",
        forms.AmendForm,
        actions.amend,
        done="已改好。",
    ),
    "move": Change(
        "迁到别处",
        "把这个单位连同它的下级和所有人员、档案、账号，一起迁到另一个上级下面。",
        "看看会怎样",
        forms.MoveForm,
        actions.move,
        done="已迁好。",
    ),
    "merge": Change(
        "合并",
        "原单位撤销，下级单位归新单位；直接登记在原单位的人留在原单位名下，由新单位看到和接管。",
        "看看会怎样",
        forms.MergeForm,
        actions.merge,
        unit_as="",
        done="已合并。",
    ),
    "split": Change(
        "拆分",
        "分出一个或几个新单位。下级单位带着人员一起走；直接登记在原单位的人分不清归谁，先留着。",
        "看看会怎样",
        forms.SplitForm,
        actions.split,
        done="已拆分。",
    ),
    "close": Change(
        "撤销",
        "没有下级单位时才能撤销。登记在这里的人归上级看到和接管；以后可以恢复。",
        "看看会怎样",
        forms.CloseForm,
        actions.close,
        done="已撤销。",
    ),
    "reopen": Change(
        "恢复",
        "恢复后，原来登记在这个单位的人员、档案和账号一起回来。",
        "看看会怎样",
        forms.ReopenForm,
        actions.reopen,
        done="已恢复。",
    ),
    "add": Change(
        "新增下级单位",
        "新增行政区划、功能区、网格或楼栋。",
        "看看会怎样",
        forms.AddForm,
        actions.add,
        unit_as="parent",
        done="已新增。",
    ),
}
