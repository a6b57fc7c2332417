"""The base of every form."""

from datetime import date
from typing import Any

from django import forms
from django.forms.renderers import DjangoTemplates


class Renderer(DjangoTemplates):
    form_template_name = "components/forms/form.html"
    field_template_name = "components/forms/field.html"


class ComponentForm(forms.Form):
    """Base of every form. Renders with `{{ form }}` or field by field with `as_field_group`."""

    default_renderer = Renderer
    required_css_class = "wy-required"
    error_css_class = "wy-bad"
    # Off where nothing is required: "选填" at every field would say nothing.
    says_optional = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            dress(field)

    def take(self, error: forms.ValidationError) -> None:
        """Show an action's complaints at their fields."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for field, sentences in error.message_dict.items():
            for sentence in sentences:
                self.add_error(field if field in self.fields else None, sentence)


def dress(field: forms.Field) -> None:
    """Give a field's widget its class and its Chinese messages."""
    widget = field.widget
    if isinstance(widget, forms.CheckboxInput | forms.CheckboxSelectMultiple | forms.RadioSelect):
        css = "form-check-input"
    elif isinstance(widget, forms.Select):
        css = "form-select"
    else:
        css = "form-control"
    widget.attrs["class"] = f"{widget.attrs.get('class', '')} {css}".strip()
    label = field.label or "这一项"
    if isinstance(widget, forms.Textarea) and getattr(field, "max_length", None):
        widget.attrs["data-count"] = ""
    own = field.error_messages
    if own.get("required") == forms.Field.default_error_messages["required"]:
        verb = "请选择" if isinstance(field, forms.ChoiceField | forms.DateField) else "请填写"
        own["required"] = f"{verb}{label}。"


def come_from(field: forms.Field, source: str, on: date | None = None) -> None:
    """Say below the label where a prefilled value comes from, and of which day it is."""
    field.come_from = f"{source}（{on:%Y-%m-%d}）" if on else source  # type: ignore[attr-defined]


def mark(field: forms.Field, words: str) -> None:
    """Say beside the label when the field is needed, instead of "选填"."""
    field.mark = words  # type: ignore[attr-defined]
