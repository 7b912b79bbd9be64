"""Composition root: the Reflex app, what is mounted beside it, the tasks that live as long as it."""

import reflex as rx


def index() -> rx.Component:
    return rx.heading("x")


app = rx.App()
app.add_page(index, route="/")
