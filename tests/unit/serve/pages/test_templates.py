"""Check that no page needs what its policy forbids, and that every field has its label."""

import re
from pathlib import Path

import pytest

import serve.pages
from serve.pages.shell import templates

FOLDER = Path(serve.pages.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))
SCRIPTS = sorted((FOLDER / "files").glob("*.js"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_is_whole_and_holds_no_script_or_style_of_its_own(path: Path) -> None:
    templates.get_template(path.name)
    text = path.read_text()
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", text)
    assert not re.search(r"<script(?! src=\"/front-door/[a-z]+\.js\" defer></script>)", text)
    assert not re.search(r"(src|href)=\"(https?:)?//", text)
    assert "|safe" not in text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_form_of_ours_carries_its_token(path: Path) -> None:
    text = path.read_text()
    forms = re.findall(r"<form.*?</form>", text, re.DOTALL)
    assert len(forms) == text.count("<form")
    for form in forms:
        assert 'method="post"' in form
        assert "parts.hidden(form_token" in form


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_field_has_a_label(path: Path) -> None:
    text = path.read_text()
    for field in re.findall(r"<input[^>]*>", text):
        if 'type="hidden"' not in field:
            (name,) = re.findall(r'\sid="([^"]*)"', field)
            assert f'<label for="{name}">' in text


def test_files_that_pages_name_are_there() -> None:
    named = {
        name
        for path in TEMPLATES
        for name in re.findall(r"/front-door/([a-z.]+)", path.read_text())
    }
    assert named == {path.name for path in (FOLDER / "files").iterdir()}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_write_no_markup_and_reach_no_other_site(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval\(|https?:", text)
