from django.apps import AppConfig


class AdministrationDeskConfig(AppConfig):
    name = "weiye.desks.administration"
    label = "administration_desk"

    def ready(self) -> None:
        from django.urls import reverse

        from weiye.base.scope.actor import Actor

        from ..components.desks import Desk, open_desk
        from ..components.lists.exports import Export, offer

        def home(actor: Actor) -> str:
            from .menu import MENU

            routes = (route for route, _, _, right in MENU if not right or actor.can(right))
            first = next(routes, None)
            return reverse(first) if first else ""

        open_desk(Desk("administration", "管理台", "settings", home))
        build = "weiye.desks.administration.accounts.views.accounts.account_list"
        right, kind = "accounts.manage", "accounts.export"
        offer(Export("accounts", "账号", right, kind, "administration:accounts", build))
        build = "weiye.desks.administration.audit.views.audit_list"
        offer(
            Export("audit", "操作记录", "audit.read", "audit.export", "administration:audit", build)
        )
