from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "weiye.base.accounts"
    label = "accounts"
