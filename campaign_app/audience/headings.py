"""Finds the field that a column's heading means, in eight languages."""

import re
from collections.abc import Sequence

from campaign_app.audience import identity
from campaign_app.kit.folding import words

FIELDS: dict[str, str] = {
    "email": "E-mail",
    "phone": "Phone",
    "first_name": "First name",
    "last_name": "Last name",
    "full_name": "Full name",
    "company": "Company",
    "time_zone": "Time zone",
    "language": "Language",
    "tags": "Tags",
}
"""The fields to which a column can be mapped, besides `attribute:<key>` and "" (left out)."""
ATTRIBUTE = "attribute:"
OWN_COLUMNS = frozenset({"Suppressed", "Added", "Changed"})
"""Columns of our own export that an import ignores."""

_SPELLINGS = {  # en · de · fr · es · it · nl · pt · pl, as folded words without spaces
    "email": "email mail emailaddress mailaddress emailid workemail primaryemail "
    "emailadresse mailadresse elektronischepost "
    "adresseemail adressemail adressedemail courriel adressecourriel adresseelectronique mel "
    "correo correoelectronico direcciondecorreo direcciondecorreoelectronico direccionemail "
    "indirizzoemail indirizzodiposta postaelettronica indirizzomail "
    "emailadres mailadres elektronischpostadres "
    "enderecodeemail enderecoemail correioeletronico correioelectronico "
    "adresemail adrespocztyelektronicznej pocztaelektroniczna adresmailowy",
    "phone": "phone phonenumber mobile mobilephone mobilenumber cell cellphone telephone tel telno whatsapp "
    "whatsappnumber phonenr workphone msisdn "
    "telefon telefonnummer handy handynummer mobil mobilnummer mobiltelefon rufnummer telefonnr "
    "telephoneportable portable numerodetelephone numtel telportable mobiletel "
    "telefono movil celular numerodetelefono telefonomovil numerodecelular "
    "cellulare numeroditelefono numerodicellulare telefonocellulare "
    "telefoon telefoonnummer mobiel mobielnummer gsm mobielenummer "
    "telefone telemovel numerodetelefone numerodetelemovel telefonecelular "
    "telefonkomorkowy numertelefonu komorka nrtelefonu komorkowy",
    "first_name": "firstname givenname forename first fname contactfirstname "
    "vorname rufname prenom nombre nombredepila nome primeironome voornaam roepnaam imie",
    "last_name": "lastname surname familyname last lname contactlastname "
    "nachname familienname zuname nomdefamille nom apellido apellidos primerapellido cognome "
    "achternaam familienaam sobrenome apelido ultimonome nazwisko",
    "full_name": "name fullname contactname contact displayname personname customername "
    "vollername ganzername kontaktname ansprechpartner vorundnachname namevorname "
    "nomcomplet nometprenom prenometnom nombrecompleto nombreyapellidos nombreyapellido "
    "nomecompleto nomeecognome nominativo volledigenaam naam contactpersoon nomecompletodocontato "
    "imieinazwisko pelnanazwa",
    "company": "company companyname organisation organization organisationname organizationname employer business "
    "account accountname firm "
    "firma unternehmen firmenname betrieb organisationsname arbeitgeber "
    "entreprise societe nomdelentreprise raisonsociale organisme "
    "empresa compania nombredelaempresa organizacion razonsocial negocio "
    "azienda societa ragionesociale nomeazienda ditta impresa organizzazione "
    "bedrijf bedrijfsnaam organisatie werkgever "
    "nomedaempresa organizacao companhia nazwafirmy przedsiebiorstwo organizacja",
    "time_zone": "timezone tz timezonename usertimezone zeitzone fuseauhoraire fusohorario zonahoraria husohorario "
    "fusoorario tijdzone strefaczasowa",
    "language": "language lang locale preferredlanguage sprache bevorzugtesprache langue langueparlee idioma lingua "
    "taal voorkeurstaal lengua linguagem jezyk",
    "tags": "tags tag labels label categories newslettertags schlagworte schlagwort etiketten etikett stichworte "
    "etiquettes etiquette motscles etiquetas etiqueta etichette etichetta trefwoorden labelsentags "
    "marcadores palavraschave etykiety etykieta tagi znaczniki",
}
_EXACT = {spelling: field for field, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_TELLING = {"email", "courriel", "phone", "mobile", "telefon", "telefono", "telephone", "tags", "timezone", "zeitzone"}
_RESERVED = {*FIELDS, "name", "firstname", "lastname", "id", "identity", "domain", "contact", "campaign", "link"}


def field_for(heading: str) -> str:
    """The field that a heading means, by the whole heading or its last word; "" when there is none."""
    found = words(heading.replace("-", "").replace("'", ""))
    exact = _EXACT.get("".join(found))
    if exact:
        return exact
    return _EXACT[found[-1]] if found and found[-1] in _TELLING else ""


def attribute_key(heading: str, taken: set[str], number: int) -> str:
    """A key for templates: `LTV €` → `ltv`. Never a key that is taken or reserved."""
    key = re.sub(r"[^a-z0-9]+", "_", " ".join(words(heading))).strip("_")[:48].rstrip("_")
    if not key or not key[0].isalpha():
        key = f"field_{key or number}"
    if key in _RESERVED:
        key = f"custom_{key}"
    free, suffix = key, 2
    while free in taken:
        free, suffix = f"{key}_{suffix}", suffix + 1
    return free


def rows_above(rows: Sequence[Sequence[str]]) -> int:
    """How many rows of titles stand above the headings, or above the first contact when there are no headings."""
    table = max((_filled(row) for row in rows), default=0)
    if table < 2:
        return 0
    for number, row in enumerate(rows):
        if not has_headings(row):
            break
        if _filled(row) > 1 and {"email", "phone"} & {field_for(cell) for cell in row}:
            return number
    return next((number for number, row in enumerate(rows) if _filled(row) > 1), 0)


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def has_headings(first: Sequence[str]) -> bool:
    """Whether the first row names the columns. A row that contains an address does not."""
    return not any("@" in cell and identity.email_in(cell) for cell in first)


def propose(headings: Sequence[str], rows: Sequence[Sequence[str]], known: dict[str, str]) -> dict[str, str]:
    """Column index → proposed field, for every column. `known`: label → key of existing attributes."""
    ours = set(headings) >= OWN_COLUMNS
    mapping = {str(i): "" for i, heading in enumerate(headings) if ours and heading in OWN_COLUMNS}
    taken: set[str] = set()
    for index, heading in enumerate(headings):
        field = field_for(heading)
        if field and field not in taken:
            taken.add(field)
            mapping[str(index)] = field
    addresses = _column_of_addresses(headings, rows) if "email" not in taken else None
    if addresses is not None:
        mapping[str(addresses)] = "email"
    for index, heading in enumerate(headings):
        if str(index) not in mapping:
            key = known.get(heading.strip(), "")
            if not key or f"{ATTRIBUTE}{key}" in mapping.values():
                used = {value.removeprefix(ATTRIBUTE) for value in mapping.values()} | set(known.values())
                key = attribute_key(heading, used, index + 1)
            mapping[str(index)] = f"{ATTRIBUTE}{key}" if heading.strip() else ""
    return dict(sorted(mapping.items(), key=lambda item: int(item[0])))


def _column_of_addresses(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    for index in range(len(headings)):
        cells = [row[index] for row in rows if index < len(row) and row[index].strip()]
        if cells and sum(bool(identity.email_in(cell)) for cell in cells) > len(cells) / 2:
            return index
    return None
