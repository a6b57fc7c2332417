from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "weiye.services.exchange"
    label = "exchange"
