"""Hold the page that tells what roles may do against the table that decides it."""

from pathlib import Path

from core.identity import GRANTS, Permission, Role

PAGE = Path(__file__).resolve().parents[3] / "docs" / "identity.md"


def test_the_page_tells_of_every_permission_what_the_table_says() -> None:
    lines = PAGE.read_text().splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("| permission |"))
    roles = [Role(word.strip()) for word in lines[head].strip("|").split("|")[1:]]
    told: dict[Permission, set[Role]] = {}
    for line in lines[head + 2 :]:
        if not line.startswith("|"):
            break
        name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert set(cells) <= {"yes", ""}
        granted = {role for role, cell in zip(roles, cells, strict=True) if cell == "yes"}
        told[Permission(name.strip("`"))] = granted
    assert told == {permission: set(roles) for permission, roles in GRANTS.items()}
