"""One compiled part of a message (subject, HTML, text), which is rendered for thousands of people.

Most of a message is fixed text between a few variables that occur several times. Such a part is split once. For each
person every variable is read and escaped once, and one join assembles the pieces. Variables with filters are also
computed once. Other expressions (conditions, arithmetic) are run by Jinja2, once per distinct expression.
Parts with loops, calls or assignments run in Jinja2 as a whole. What Jinja2 runs is counted (`budget`).
"""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from types import TracebackType
from typing import Any

from jinja2 import Template, TemplateSyntaxError, meta, nodes
from jinja2.runtime import Context
from markupsafe import escape

from campaign_app.rendering import budget
from campaign_app.rendering.budget import MAX_OUTPUT, LimitReached, TimeUsedUp
from campaign_app.rendering.errors import RenderError, TemplateInvalid, TooSlow
from campaign_app.rendering.operators import written
from campaign_app.rendering.template_environment import MessageEnvironment, plain_words

_ABSENT = ""  # how Jinja2 renders an undefined variable


_special = re.compile("[&<>'\"]").search


def _escaped(value: Any) -> str:
    """A value escaped as by Jinja2. Most values need no escaping, which is checked faster."""
    if type(value) is str and _special(value) is None:
        return value
    return escape(written(value))


def _plain(value: Any) -> str:
    return value if type(value) is str else str(written(value))


def _depends(node: nodes.Node) -> bool:
    """Whether a node may run more than once or affect later nodes."""
    return isinstance(node, nodes.For | nodes.Call | nodes.Assign)


class _Code:
    """A syntax tree that Jinja2 runs."""

    __slots__ = ("_blocks", "_environment", "_is_short", "_part", "_root", "_template")

    def __init__(self, environment: MessageEnvironment, tree: nodes.Template, part: str, *, short: bool) -> None:
        try:
            code = environment.compile(tree)
        except TemplateSyntaxError as error:
            raise TemplateInvalid(plain_words(error.message or ""), part=part, line=error.lineno) from None
        except (SyntaxError, RecursionError, MemoryError):
            raise TemplateInvalid("Loops or conditions are nested too deeply", part=part) from None
        self._environment = environment
        self._part = part
        self._is_short = short  # no piece is output twice
        self._template = Template.from_code(environment, code, environment.globals)
        self._root = self._template.root_render_func
        self._blocks = self._template.blocks

    def run(self, values: Mapping[str, Any]) -> str:
        context = Context(self._environment, {**self._environment.globals, **values}, None, self._blocks)
        token = None if budget.current.get() else budget.begin()
        try:
            return "".join(self._root(context) if self._is_short else self._counted(context))
        except TimeUsedUp as error:
            raise TooSlow(str(error), part=self._part) from None
        except LimitReached as error:
            raise RenderError(str(error), part=self._part, line=self._line(error.__traceback__)) from None
        except Exception as error:
            raise RenderError(_why(error), part=self._part, line=self._line(error.__traceback__)) from None
        finally:
            if token is not None:
                budget.end(token)

    def _counted(self, context: Context) -> Iterator[str]:
        """The pieces. Fixed ones are counted too, because a loop outputs them many times."""
        count = budget.current.get() or budget.Budget()
        for piece in self._root(context):
            count.write(len(piece))
            yield piece

    def _line(self, trace: TracebackType | None) -> int | None:
        found = None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "<template>":
                found = self._template.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return found


class CompiledTemplate:
    """A compiled part. `part`: its name in errors. `reads`: the variables that it uses.

    Raises:
        TemplateInvalid: it cannot be read. The error says which part, where and why.
    """

    __slots__ = ("_code", "_flat", "reads")

    def __init__(self, environment: MessageEnvironment, source: str, part: str) -> None:
        tree = environment.read(source, part)
        self.reads = frozenset(meta.find_undeclared_variables(tree))
        self._flat: _Flat | None = None
        self._code: _Code | None = None
        if any(_depends(node) for node in tree.find_all(nodes.Node)):
            self._code = _Code(environment, tree, part, short=False)
        else:
            self._flat = _Flat(environment, tree, part)

    @property
    def is_flat(self) -> bool:
        """Whether no piece depends on another, so that it may be rendered together with other parts."""
        return self._flat is not None

    @property
    def is_fixed(self) -> bool:
        """Whether it has only text and variables."""
        return self._flat is not None and self._flat.is_fixed

    def render(self, values: Mapping[str, Any]) -> str:
        """The part for one person.

        Raises:
            RenderError: it cannot be rendered with this person's values, or a limit was reached. TooSlow: it took too
                long.
        """
        if self._flat is not None:
            return self._flat.render(values)
        assert self._code is not None
        return self._code.run(values)


class _Filtered:
    """`{{ name|filter(…) }}` with plain arguments, computed without Jinja2. `line`: for error messages."""

    __slots__ = ("_filters", "_name", "_undefined", "line")

    def __init__(self, environment: MessageEnvironment, name: str, filters: Sequence[nodes.Filter]) -> None:
        self._name = name
        self._undefined = environment.undefined(name=name)
        self.line = filters[0].lineno
        self._filters = [
            (
                environment.filters[found.name],
                tuple(argument.value for argument in found.args if isinstance(argument, nodes.Const)),
                {str(pair.key): pair.value.value for pair in found.kwargs if isinstance(pair.value, nodes.Const)},
            )
            for found in filters
        ]

    def value(self, values: Mapping[str, Any]) -> Any:
        """The result of the last filter, not yet escaped."""
        value = values.get(self._name, self._undefined)
        for work, arguments, named in self._filters:
            value = work(value, *arguments, **named)
        return value


def _filtered(environment: MessageEnvironment, node: nodes.Node) -> _Filtered | None:
    """`node` as a variable with filters, or None when it is anything else."""
    filters: list[nodes.Filter] = []
    while isinstance(node, nodes.Filter) and node.node is not None:
        arguments = [*node.args, *(pair.value for pair in node.kwargs)]
        if node.name not in environment.filters or not all(isinstance(found, nodes.Const) for found in arguments):
            return None
        filters.append(node)
        node = node.node
    if not filters or not isinstance(node, nodes.Name):
        return None
    return _Filtered(environment, node.name, filters[::-1])


class _Flat:
    """A part without loops and assignments: no piece of it depends on another."""

    __slots__ = (
        "_code", "_filtered", "_fixed", "_names", "_order", "_part", "_places", "_separator", "_short", "_written",
    )  # fmt: skip

    def __init__(self, environment: MessageEnvironment, tree: nodes.Template, part: str) -> None:
        pieces = _Pieces(environment)
        for node in tree.body:
            pieces.take(node)
        self._fixed = tuple(pieces.fixed)
        self._names = tuple(pieces.names)
        self._filtered = tuple(pieces.filtered)
        self._written: Callable[[Any], str] = _escaped if environment.autoescape else _plain
        self._part = part
        self._places = pieces.order()
        self._order = _picker(self._places)
        self._short = _short_enough(self._fixed, self._places)
        self._separator = f"\0{secrets.token_hex(16)}\0"
        self._code = self._compile(environment, pieces.rest, part) if pieces.rest else None

    def _compile(self, environment: MessageEnvironment, rest: Sequence[nodes.Node], part: str) -> _Code:
        body: list[nodes.Node] = []
        for node in rest:
            body.append(node if isinstance(node, nodes.Stmt) else nodes.Output([node], lineno=node.lineno))
            body.append(nodes.Output([nodes.TemplateData(self._separator)], lineno=node.lineno))
        tree = nodes.Template(body, lineno=1)
        tree.set_environment(environment)
        return _Code(environment, tree, part, short=True)

    @property
    def is_fixed(self) -> bool:
        """Whether it has only text and variables."""
        return self._code is None and not self._filtered

    def render(self, values: Mapping[str, Any]) -> str:
        written = self._written
        try:
            filled = [written(values.get(name, _ABSENT)) for name in self._names]
        except LimitReached as error:
            raise RenderError(str(error), part=self._part) from None
        if self._filtered:
            filled += self._worked_out(values)
        if self._code is not None:
            filled += self._code.run(values).split(self._separator)
        if len("".join(filled)) > self._short:
            self._weigh(filled)
        return "".join(self._order((*self._fixed, *filled)))

    def _worked_out(self, values: Mapping[str, Any]) -> Iterator[str]:
        token = None if budget.current.get() else budget.begin()
        line = 0
        try:
            for found in self._filtered:
                line = found.line
                yield self._written(found.value(values))
        except TimeUsedUp as error:
            raise TooSlow(str(error), part=self._part) from None
        except LimitReached as error:
            raise RenderError(str(error), part=self._part, line=line) from None
        except Exception as error:
            raise RenderError(_why(error), part=self._part, line=line) from None
        finally:
            if token is not None:
                budget.end(token)

    def _weigh(self, filled: Sequence[str]) -> None:
        """Check the exact length: a long value may occur several times."""
        lengths = [*map(len, self._fixed), *map(len, filled)]
        if sum(lengths[place] for place in self._places) > MAX_OUTPUT:
            raise RenderError(f"The message grows beyond {MAX_OUTPUT // 1_000_000} MB", part=self._part)


def _short_enough(fixed: Sequence[str], places: Sequence[int]) -> int:
    """Up to this total length of the values the output is never too long, however often a value occurs."""
    written = sum(len(fixed[place]) for place in places if place < len(fixed))
    filled = sum(place >= len(fixed) for place in places)
    return (MAX_OUTPUT - written) // filled if filled else MAX_OUTPUT


class _Pieces:
    """Collects pieces: equal ones once, and all places in order."""

    def __init__(self, environment: MessageEnvironment) -> None:
        self._environment = environment
        self.fixed: list[str] = []
        self.names: list[str] = []
        self.filtered: list[_Filtered] = []
        self.rest: list[nodes.Node] = []
        self._known: dict[tuple[int, str], int] = {}
        self._places: list[tuple[list[Any], int]] = []

    def take(self, node: nodes.Node) -> None:
        """Add the next node of the part's body."""
        if not isinstance(node, nodes.Output):
            self._place(self.rest, node, repr(node))
            return
        for child in node.nodes:
            if isinstance(child, nodes.TemplateData):
                self._place(self.fixed, child.data, child.data)
            elif isinstance(child, nodes.Name):
                self._place(self.names, child.name, child.name)
            elif found := _filtered(self._environment, child):
                self._place(self.filtered, found, repr(child))
            else:
                self._place(self.rest, child, repr(child))  # repr: `==` treats {{ 1 }} and {{ true }} as equal

    def _place(self, among: list[Any], piece: Any, key: str) -> None:
        position = self._known.setdefault((id(among), key), len(among))
        if position == len(among):
            among.append(piece)
        self._places.append((among, position))

    def order(self) -> list[int]:
        """For each place the index of its piece in fixed + names + filtered + rest."""
        start, starts = 0, {}
        for among in (self.fixed, self.names, self.filtered, self.rest):
            starts[id(among)] = start
            start += len(among)
        return [starts[id(among)] + position for among, position in self._places]


def _picker(order: Sequence[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    """An itemgetter that returns a sequence for any number of positions."""
    if len(order) > 1:
        return itemgetter(*order)
    return lambda pieces: [pieces[position] for position in order]


def _why(error: Exception) -> str:
    known = {
        "ZeroDivisionError": "Something is divided by zero",
        "TypeError": "Text and numbers are mixed, or a filter got something it cannot use",
        "ValueError": "A filter got a value it cannot use",
        "OverflowError": "A number is too large",
        "KeyError": "A table has no entry with that name",
        "IndexError": "A list has no item at that position",
    }
    return known.get(type(error).__name__, str(error) or type(error).__name__)
