"""A form that the browser submits itself. Only an HTTP response can set an HttpOnly cookie; rx.form prevents that."""

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML


class NativeForm(BaseHTML):
    """`<form action method>` without Reflex's submit handler."""

    tag = "form"
    action: rx.Var[str]
    method: rx.Var[str]


native_form = NativeForm.create
