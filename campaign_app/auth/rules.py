"""Rules for names, addresses, passwords and time zones. Pure."""

from typing import Any

from email_validator import EmailNotValidError, validate_email

from campaign_app.auth import passwords
from campaign_app.auth.schemas import NewUser, UserPatch
from campaign_app.core.errors import Invalid
from campaign_app.kit import zones
from campaign_app.models.user import User

_MAX_NAME = 255


def normal_email(email: str) -> str:
    """The address in lower case, without surrounding spaces.

    Raises:
        Invalid: not an address.
    """
    try:
        found = validate_email(
            email.strip(), check_deliverability=False, test_environment=True, globally_deliverable=False
        )
    except EmailNotValidError:
        sentence = "This is not an e-mail address. Give one such as ines@example.com."
        raise Invalid(sentence, {"email": sentence}, title="Check the address") from None
    return found.normalized.lower()


def check_password(password: str, user: User, field: str = "password") -> None:
    """Raise Invalid, naming the field, unless the password is accepted."""
    if sentence := passwords.problem(password, user.email, user.name):
        raise Invalid(sentence, {field: sentence}, title="Choose another password")


def checked(new: NewUser) -> NewUser:
    """The new person with a normalised address.

    Raises:
        Invalid: `fields` says what is wrong.
    """
    wrong: dict[str, str] = {}
    email = new.email
    try:
        email = normal_email(new.email)
    except Invalid as error:
        wrong |= error.fields
    if sentence := passwords.problem(new.password, email, new.name):
        wrong["password"] = sentence
    wrong |= _wrong_name(new.name) | _wrong_zone(new.time_zone)
    if wrong:
        raise Invalid(" ".join(wrong.values()), wrong, title="Check what you entered")
    return new.model_copy(update={"email": email, "name": plain(new.name, _MAX_NAME)})


def checked_patch(user: User, patch: UserPatch) -> dict[str, Any]:
    """The values that change, checked.

    Raises:
        Invalid: `fields` says what is wrong.
    """
    given = patch.model_dump(exclude_none=True)
    if "email" in given:
        given["email"] = normal_email(given["email"])
    if "name" in given:
        given["name"] = plain(given["name"], _MAX_NAME + 1)
    wrong = _wrong_name(given.get("name", user.name)) | _wrong_zone(given.get("time_zone", user.time_zone))
    if wrong:
        raise Invalid(" ".join(wrong.values()), wrong, title="Check what you entered")
    return {field: value for field, value in given.items() if value != getattr(user, field)}


def plain(text: str, limit: int) -> str:
    """The text's printable characters, at most `limit` of them."""
    return "".join(character for character in text if character.isprintable())[:limit]


def _wrong_name(name: str) -> dict[str, str]:
    if not name.strip():
        return {"name": "A name is needed, so that others see who did what."}
    return {"name": f"At most {_MAX_NAME} characters fit here."} if len(name) > _MAX_NAME else {}


def _wrong_zone(zone: str) -> dict[str, str]:
    """An empty time zone is valid: it means the workspace's."""
    return (
        {}
        if not zone or zones.is_known(zone)
        else {"time_zone": "This time zone is not known. Choose one from the list."}
    )
