"""A form the browser itself submits: only an HTTP answer can set an HttpOnly cookie, and rx.form prevents it."""

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML


class NativeForm(BaseHTML):
    """`<form action method>` without Reflex's submit handler."""

    tag = "form"
    action: rx.Var[str]
    method: rx.Var[str]


native_form = NativeForm.create
