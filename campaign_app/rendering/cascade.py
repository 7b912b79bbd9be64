"""Decides which declarations move from style sheets into style attributes, so that the rules that stay in a sheet keep
their effect. No I/O. See docs/decisions/0010."""

from dataclasses import dataclass, field

from campaign_app.kit.html_tokens import Attribute, Token
from campaign_app.rendering.css import Declaration, Rule, Selector

Rank = tuple[bool, tuple[int, int, int], int]


@dataclass(slots=True)
class Entry:
    """A selector with its rule. `order`: the rule's position among all. `fixed`: it can move into an attribute."""

    selector: Selector
    rule: Rule
    order: int
    fixed: bool
    elements: set[int] = field(default_factory=set)

    def rank(self, declaration: Declaration) -> Rank:
        """The precedence of a declaration on an element without a style attribute. The highest wins."""
        return (declaration.important, self.selector.specificity, self.order)


@dataclass(slots=True)
class Element:
    """A start tag with its styles. `own`: the declarations of its style attribute. `left`: families not inlined.

    `changing`: its class, id or style depends on the recipient, so it is unknown which rules match it.
    """

    token: Token
    style: Attribute | None
    own: list[Declaration]
    changing: bool
    entries: list[Entry] = field(default_factory=list)
    left: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Contest:
    """The declarations that set one family of properties on one element."""

    element: Element
    family: str
    fixed: list[Rank] = field(default_factory=list)
    kept: list[tuple[Rank, Declaration]] = field(default_factory=list)

    @property
    def has_own(self) -> bool:
        """Whether the element's own style attribute sets it."""
        return any(own.family == self.family for own in self.element.own)


def contests(elements: list[Element]) -> list[Contest]:
    """The contests in which a rule that stays in its sheet takes part."""
    found: dict[tuple[int, str], Contest] = {}
    for number, element in enumerate(elements):
        for entry in element.entries:
            for declaration in entry.rule.declarations:
                key = (number, declaration.family)
                contest = found.setdefault(key, Contest(element, declaration.family))
                if entry.fixed:
                    contest.fixed.append(entry.rank(declaration))
                else:
                    contest.kept.append((entry.rank(declaration), declaration))
    return [contest for contest in found.values() if contest.kept]


def resolve(contests: list[Contest]) -> list[Declaration]:
    """Declarations of kept rules that become `!important`. Where that is not possible, the family is not inlined."""
    wanted, barred = _first_choice(contests)
    changed = True
    while changed:
        changed = False
        for contest in contests:
            changed |= _settle(contest, wanted, barred)
    stronger = {end: declaration for end, declaration in wanted.items() if end not in barred}
    for contest in contests:
        for rank, declaration in contest.kept:
            if declaration.end not in stronger and any(other[0] == rank[0] and other < rank for other in contest.fixed):
                contest.element.left.add(contest.family)
    return [stronger[end] for end in sorted(stronger)]


def _first_choice(contests: list[Contest]) -> tuple[dict[int, Declaration], set[int]]:
    wanted: dict[int, Declaration] = {}
    barred: set[int] = set()
    for contest in contests:
        has_own = contest.has_own
        for rank, declaration in contest.kept:
            if declaration.important:
                continue
            above = (True, *rank[1:])
            if (
                has_own
                or any(other > rank for other in contest.fixed)
                or any(other[0] and other < above for other, _ in contest.kept)
            ):
                barred.add(declaration.end)
            elif contest.fixed:
                wanted[declaration.end] = declaration
    return wanted, barred


def _settle(contest: Contest, wanted: dict[int, Declaration], barred: set[int]) -> bool:
    """Keep the order among kept rules: a rule that wins over a marked one is marked too."""
    normal = [(rank, declaration) for rank, declaration in contest.kept if not declaration.important]
    changed = False
    for rank, declaration in normal:
        if declaration.end not in wanted or declaration.end in barred:
            continue
        for other_rank, other in normal:
            if other_rank <= rank or other.end == declaration.end:
                continue
            if other.end in barred:
                barred.add(declaration.end)
                changed = True
                break
            if other.end not in wanted:
                wanted[other.end] = other
                changed = True
    return changed


def chosen(element: Element) -> list[Declaration]:
    """The declarations to write into the style attribute, the strongest last."""
    if element.changing:
        return []
    strongest: dict[int, Entry] = {}
    for entry in element.entries:
        if entry.fixed and (
            entry.order not in strongest or entry.selector.specificity > strongest[entry.order].selector.specificity
        ):
            strongest[entry.order] = entry
    ranked = [
        (entry.rank(declaration), declaration)
        for entry in strongest.values()
        for declaration in entry.rule.declarations
        if declaration.family not in element.left
    ]
    ranked.sort(key=lambda pair: pair[0])
    last = {declaration.name: rank for rank, declaration in ranked}
    own = {declaration.name for declaration in element.own}
    return [
        declaration
        for rank, declaration in ranked
        if last[declaration.name] == rank and (declaration.important or declaration.name not in own)
    ]
