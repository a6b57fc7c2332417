"""The packs: what a jurisdiction decides, as dated and cited data (folder ``packs/``)."""

from .loading import ROOT, load_all, load_pack
from .model import Pack, Policy, Quota, Scope, Source
from .reading import PackError
from .senders import Sender
from .visits import VisitInterval

__all__ = [
    "ROOT",
    "Pack",
    "PackError",
    "Policy",
    "Quota",
    "Scope",
    "Sender",
    "Source",
    "VisitInterval",
    "load_all",
    "load_pack",
]
