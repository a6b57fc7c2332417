from django.apps import AppConfig


class CommunityDeskConfig(AppConfig):
    name = "weiye.desks.community"
    label = "community_desk"

    def ready(self) -> None:
        from django.urls import reverse

        from weiye.base.scope.actor import Actor

        from ..components.desks import Desk, open_desk
        from ..components.lists.exports import Export, offer

        def home(actor: Actor) -> str:
            pages = {"people.list": "community:today", "summary.read": "community:summary"}
            pages["vacancies.read"] = "community:vacancies"
            pages["training.read"] = "community:training"
            return next((reverse(page) for right, page in pages.items() if actor.can(right)), "")

        open_desk(Desk("community", "社区工作台", "building-community", home))
        views = "weiye.desks.community.views"
        for name, title, right, build in (
            ("ledger", "台账", "people.export", f"{views}.ledger.ledger_list"),
            ("vacancies", "岗位", "vacancies.read", f"{views}.vacancies.vacancy_list"),
            ("training", "培训目录", "training.read", f"{views}.training.training_list"),
        ):
            kind = "people.export" if name == "ledger" else f"{name}.export"
            each = "person.export" if name == "ledger" else ""
            offer(Export(name, title, right, kind, f"community:{name}", build, each))
