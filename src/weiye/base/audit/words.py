"""What the verbs of the log are called: one table for every page that shows entries.

A verb without a name here fails a test (tests/base/audit/test_words.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .verifying import Report

Kind = Literal["read", "reveal", "export", "change", "sign-in", "system"]


@dataclass(frozen=True)
class Verb:
    """``words``: for those who work with the log. ``resident``: to the one whose data it was, in
    the plainest words; empty where nothing of theirs is touched."""

    words: str
    kind: Kind = "change"
    resident: str = ""


VERBS: dict[str, Verb] = {
    # Reading people
    "person.read": Verb("打开居民页面", "read", "看了您的信息"),
    "person.print": Verb("打印居民清单", "read", "打印了您的清单"),
    "person.reveal": Verb("查看完整号码或住址", "reveal", "看了您的完整号码或住址"),
    "person.export": Verb("导出居民信息", "export", "把您的信息导出成了表格"),
    "person.report": Verb("填入上级报表", "export", "把您的信息填进了上级要的报表"),
    "people.export": Verb("导出台账", "export"),
    "people.print": Verb("打印台账", "export"),
    "reflow.hand_over": Verb("数据回流到社区", "system"),
    "reflow.open": Verb("签收回流数据"),
    "reflow.password": Verb("查看回流文件密码", "reveal"),
    "reflow.tick": Verb("核实回流的变化", "change", "核实了您的信息变化"),
    "reflow.untick": Verb("撤回核实", "change", "撤回了对您信息变化的核实"),
    "template.keep": Verb("上传上级报表模板"),
    "template.fill": Verb("按模板填报", "export"),
    "template.drop": Verb("删除上级报表模板"),
    "vacancies.export": Verb("导出岗位", "export"),
    "training.export": Verb("导出培训目录", "export"),
    "accounts.export": Verb("导出账号", "export"),
    "audit.export": Verb("导出操作记录", "export"),
    "file.download": Verb("下载文件", "export"),
    "mine.read": Verb("居民查看本人信息", "read", "您自己看了这些信息"),
    "mine.reveal": Verb("居民查看本人完整信息", "reveal", "您自己看了完整信息"),
    # Changing people
    "person.create": Verb("登记居民", "change", "登记了您的信息"),
    "person.edit": Verb("修改居民信息", "change", "改了您的信息"),
    "person.import.undo": Verb(
        "撤销名册导入", "change", "撤销了一次名册导入，把您的信息恢复成导入前的"
    ),
    "person.import": Verb("导入居民信息", "change", "从名册导入了您的信息"),
    "person.status": Verb("登记就业状态", "change", "登记了您的就业情况"),
    "person.wish": Verb("登记求职意愿", "change", "登记了您想找什么工作"),
    "person.correct": Verb("更正以前的状态", "change", "更正了您以前的就业情况"),
    "household.create": Verb("登记家庭"),
    "survey.open": Verb("打开入户调查", "read", "入户前看了您的信息"),
    "survey.submit": Verb("提交入户调查"),
    "survey.decide": Verb("核对入户回答", "change", "核对了您入户时的回答"),
    "survey.settle": Verb("办结入户待办"),
    # Of nobody in particular: such an entry names a record, never a person.
    "sensitive.list": Verb("打开专门名单", "read"),
    "sensitive.read": Verb("查看专门记录", "read"),
    "sensitive.reveal": Verb("查看专门记录全文", "reveal"),
    "sensitive.add": Verb("登记专门记录"),
    "sensitive.edit": Verb("修改专门记录"),
    "sensitive.remove": Verb("删除专门记录"),
    "person.move": Verb("居民随住址换单位", "change", "把您的信息转到了现在住的社区"),
    "linkage.search": Verb("查找重复人员", "system"),
    "linkage.same": Verb("核对为同一个人"),
    "linkage.different": Verb("核对为不是同一个人"),
    "linkage.later": Verb("疑似重复先放着"),
    "linkage.keep": Verb("名册待核对的行"),
    "linkage.row": Verb("核对名册上的人", "change", "核对了名册上说的是不是您"),
    "person.merge": Verb("合并重复人员", "change", "把重复登记的两份您的信息合成一份"),
    "person.merged_away": Verb("并入另一条记录", "change", "这份信息并入了您的另一份信息"),
    "person.unmerge": Verb("拆分误合并的人员", "change", "把合错的您的信息重新分开"),
    "person.anonymise": Verb("到期去除身份信息", "change", "按规定去掉了您的身份信息"),
    "mine.objection": Verb("居民提出异议", "change", "您提出了意见"),
    "resident.open": Verb("为居民开通账号", "change", "为您开通了账号"),
    "resident.reset": Verb("为居民重设密码", "change", "为您换了新的临时密码"),
    # Consent
    "consent.give": Verb("登记同意", "change", "记下了您的同意"),
    "consent.withdraw": Verb("撤回同意", "change", "记下了您撤回同意"),
    # Assistance
    "file.close": Verb("结案", "change", "结束了您的帮扶档案"),
    "file.reopen": Verb("重新建档", "change", "重新开始帮扶您"),
    "file.reassign": Verb("更换责任人", "change", "换了帮您的工作人员"),
    "contact.record": Verb("记录联系", "change", "记下了和您的联系"),
    "contact.withdraw": Verb("作废联系记录", "change", "作废了和您的一次联系记录"),
    "visit.record": Verb("记录走访", "change", "记下了一次对您的走访"),
    "visit.withdraw": Verb("作废走访记录", "change", "作废了一次对您的走访记录"),
    "entry.hide": Verb("不再推荐清单条目", "change", "从您的清单里去掉了一条"),
    "entry.restore": Verb("恢复清单条目", "change", "把一条放回了您的清单"),
    "entry.comment": Verb("备注清单条目", "change", "在您的清单上写了备注"),
    "pipeline.run": Verb("更新档案和四张清单", "system"),
    "pipeline.person": Verb("更新一户的群体和清单", "system"),
    # Certification (就业困难人员认定)
    "certification.open": Verb("填写认定申请", "change", "为您填写就业困难人员认定申请"),
    "certification.read": Verb("打开认定申请", "read", "看了您的认定申请"),
    "certification.print": Verb("打印认定文书", "read", "打印了您的认定文书"),
    "certification.attach": Verb("登记认定材料", "change", "登记了您的认定材料"),
    "certification.detach": Verb("删去认定材料", "change", "删去了您的一份认定材料"),
    "certification.submit": Verb("提交认定申请", "change", "提交了您的认定申请"),
    "certification.resubmit": Verb("补正后再次提交", "change", "补正后再次提交了您的申请"),
    "certification.accept": Verb("受理认定申请", "change", "受理了您的认定申请"),
    "certification.correct": Verb("要求补正", "change", "请您补正认定材料"),
    "certification.pass": Verb("街道审核认定申请", "change", "街道审核了您的认定申请"),
    "certification.publish": Verb("公示认定", "change", "公示了您的认定"),
    "certification.refuse": Verb("不予认定", "change", "对您的申请作出不予认定"),
    "certification.withdraw": Verb("撤回认定申请", "change", "撤回了您的认定申请"),
    "certification.object": Verb("收到公示异议", "change", "有人对您的公示提出异议"),
    "certification.dismiss": Verb("异议不成立", "change", "核查后继续公示您的认定"),
    "certification.uphold": Verb("异议成立", "change", "核查后没有认定您"),
    "certification.certify": Verb("认定就业困难人员", "change", "认定您为就业困难人员"),
    "certification.appeal": Verb("申请复核", "change", "为您申请了复核"),
    "certification.overturn": Verb("复核同意认定", "change", "复核后同意认定您"),
    "certification.maintain": Verb("复核维持不予认定", "change", "复核后仍然没有认定您"),
    "certification.check": Verb("列入年检", "system", "您的认定到了年检时间"),
    "certification.suspend": Verb("逾期未年检暂停", "system", "您没有按时年检，认定暂停"),
    "certification.confirm": Verb("年检合格", "change", "您的年检合格"),
    "certification.checked": Verb("登记年检结果", "change", "登记了您的年检结果"),
    "certification.exit": Verb("退出认定", "change", "您的认定结束了"),
    "certification.revoke": Verb("取消认定", "change", "取消了您的认定"),
    "certification.renounce": Verb("本人放弃认定", "change", "您放弃了认定"),
    "certification.notices": Verb("清理到期公示", "system"),
    # Employers, vacancies, training
    "employer.create": Verb("登记用人单位"),
    "employer.update": Verb("修改用人单位"),
    "employer.import": Verb("导入用人单位"),
    "vacancy.create": Verb("登记岗位"),
    "vacancy.edit": Verb("修改岗位"),
    "vacancy.update": Verb("修改岗位"),
    "vacancy.publish": Verb("发布岗位"),
    "vacancy.close": Verb("关闭岗位"),
    "vacancy.import": Verb("导入岗位"),
    "programme.import": Verb("导入培训项目"),
    # Imports
    "import.upload": Verb("上传名册"),
    "import.remap": Verb("核对导入的列"),
    "import.check": Verb("检查导入文件"),
    "import.begin": Verb("开始导入"),
    "import.commit": Verb("确认导入"),
    "import.unbegin": Verb("开始撤销导入"),
    "import.undo": Verb("撤销导入"),
    "import.undo_check": Verb("试算撤销导入"),
    "import.column": Verb("修改记住的列"),
    "import.forget": Verb("忘记来源部门的列"),
    "import.cancel": Verb("取消导入"),
    "import.transfers": Verb("导入时申请转入"),
    # Accounts
    "account.create": Verb("新建账号"),
    "account.on": Verb("启用账号"),
    "account.off": Verb("停用账号"),
    "account.move": Verb("账号调动"),
    "account.rename": Verb("改账号姓名"),
    "account.unlock": Verb("解除登录锁定"),
    "membership.grant": Verb("授予角色"),
    "membership.end": Verb("收回角色"),
    "membership.move": Verb("居民账号随人迁移", "change", "把您的账号转到了现在住的社区"),
    "membership.switch": Verb("切换身份"),
    "institution.create": Verb("登记机构"),
    "institution.on": Verb("启用机构"),
    "institution.off": Verb("停用机构"),
    "password.change": Verb("修改密码"),
    "password.reset": Verb("重置密码"),
    "totp.enrol": Verb("启用动态口令"),
    "totp.remove": Verb("停用动态口令"),
    "totp.reset": Verb("重置动态口令"),
    "totp.recovery.renew": Verb("重发恢复码"),
    "totp.recovery.use": Verb("使用恢复码"),
    "signin.success": Verb("登录", "sign-in"),
    "signin.failure": Verb("登录失败", "sign-in"),
    "signin.refused": Verb("锁定期间登录", "sign-in"),
    "signin.lockout": Verb("登录失败过多被锁定", "sign-in"),
    "signin.code.failure": Verb("动态口令错误", "sign-in"),
    "signout": Verb("退出登录", "sign-in"),
    "session.end": Verb("结束其他登录", "sign-in"),
    "refused": Verb("被拒绝的访问", "sign-in"),
    # Cover, emergency access, transfer
    "cover.name": Verb("指定代班"),
    "cover.end": Verb("结束代班"),
    "emergency.claim": Verb("申请紧急查阅", "read"),
    "emergency.read": Verb("紧急查阅", "read", "紧急情况下看了您的信息"),
    "emergency.end": Verb("结束紧急查阅"),
    "emergency.judge": Verb("审查紧急查阅"),
    "transfer.ask": Verb("申请迁移居民", "change", "申请把您的信息转到另一个社区"),
    "transfer.told": Verb("名册核对：查出外地登记的人", "read"),
    "transfer.asked_for": Verb("收到迁移申请", "change", "另一个社区申请接收您的信息"),
    "transfer.send": Verb("提出移交居民", "change", "提出把您的信息转到另一个社区"),
    "transfer.accept": Verb("同意迁移居民", "change", "把您的信息转到了另一个社区"),
    "transfer.refuse": Verb("不同意迁移居民", "change", "没有同意转移您的信息"),
    "transfer.withdraw": Verb("撤回迁移申请", "change", "撤回了转移您的信息的申请"),
    "transfer.escalate": Verb("迁移申请转上级", "system"),
    "transfer.expire": Verb("迁移申请失效", "system"),
    "transfer.overtake": Verb("迁移申请作废", "system"),
    "person.moved_out": Verb("居民迁出", "change", "把您的信息转到了现在住的社区"),
    "person.moved_in": Verb("居民迁入", "change", "现在住的社区接收了您的信息"),
    # Units, packs, keys
    "unit.add": Verb("新增单位"),
    "unit.amend": Verb("修改单位"),
    "unit.move": Verb("迁移单位"),
    "unit.merge": Verb("合并单位"),
    "unit.split": Verb("拆分单位"),
    "unit.close": Verb("撤销单位"),
    "unit.reopen": Verb("恢复单位"),
    "unit.import": Verb("导入区划变更"),
    "unit.gather": Verb("遗留记录归到所属单位"),
    "pack.propose": Verb("提交政策包"),
    "pack.approve": Verb("批准政策包"),
    "pack.reject": Verb("退回政策包"),
    "retention.sweep": Verb("清理到期信息", "system"),
    "retention.warn": Verb("保存期将满的提醒", "system", "您的信息快到保存期了，系统发了提醒"),
    "retention.anonymise": Verb("到期去除身份信息", "system", "到期了，系统去掉了您的身份信息"),
    "retention.delete": Verb("到期删除", "system"),
    "retention.hold": Verb("暂缓清理", "change", "暂缓清理您的信息，写明了原因"),
    "retention.release": Verb("恢复清理", "change", "您的信息恢复按期清理"),
    "database.backup": Verb("备份数据库", "system"),
    "database.restore": Verb("恢复数据库", "system"),
    "keys.activate": Verb("启用新密钥", "system"),
    "keys.retire": Verb("停用旧密钥", "system"),
    "regions.load": Verb("装入区划"),
    "regions.add_local": Verb("新增网格楼栋"),
    "regions.set_points": Verb("标注单位位置"),
    "pack.install": Verb("装入政策包"),
    # The system
    "audit.verify": Verb("核对操作记录", "system"),
    "demonstration.load": Verb("装入演示数据", "system"),
    "demonstration.history": Verb("演示数据的往期记录", "system"),
}


def verb_words(verb: str) -> str:
    """The name of a verb; the verb itself if it has none."""
    known = VERBS.get(verb)
    return known.words if known else verb


def verbs_of(*kinds: Kind) -> list[str]:
    return sorted(verb for verb, known in VERBS.items() if known.kind in kinds)


def finding_words(report: Report) -> str:
    """The result of a check in one sentence."""
    first = report.first
    if first is None:
        return f"{report.entries:,} 条记录逐条核对，没有被改、被删、被插入或调换的。"
    where = f"第{first.entry}号记录" if first.entry is not None else f"第{first.batch}批"
    return f"发现 {report.total:,} 处异常。第一处是{where}：{first.said}。"
