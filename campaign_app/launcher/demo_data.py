"""Demo data at the start of `up --demo`, and the passwords of its users: printed once, kept for the owner's eyes."""

from campaign_app.core import db
from campaign_app.core.config import settings
from campaign_app.launcher import console
from campaign_app.ops.demo import seed
from campaign_app.ops.demo.seed import Credentials

FILE = "demo-passwords.txt"


async def ensure() -> None:
    """Seed once. A second start changes nothing but the port of the sandbox's account."""
    async with db.reading() as session:
        there = await seed.is_seeded(session)
    if there:
        async with db.transaction() as session:
            await seed.keep_port(session, settings().sandbox_smtp_port)
        return
    with console.step("Making demo data", "Demo data made: 10,000 contacts and their history"):
        async with db.transaction() as session:
            made = await seed.seed(session, settings().sandbox_smtp_port)
            _keep(made)
    console.out.print()
    for each in made:
        console.out.print(f"  {each.role:<9} {each.email:<26} {each.password}", markup=False)
    console.out.print(f"  [dim]Shown only now; kept in {settings().var_dir / FILE}[/dim]")


def _keep(made: list[Credentials]) -> None:
    """Write the passwords before the commit, so that they are never lost."""
    path = settings().var_dir / FILE
    path.touch(mode=0o600)
    path.chmod(0o600)
    lines = [f"{each.role}\t{each.email}\t{each.password}\n" for each in made]
    path.write_text("".join(lines))
